using System.Collections.Immutable;
using System.Globalization;
using SyncFlow.Core.Allocation;

namespace SyncFlow.Core.Stock;

/// <summary>Which kits are refused: those that contain themselves, and those too large to be planned as one.</summary>
public static class KitChecks
{
    /// <summary>Everything that is wrong; empty when the kit may be made of this.</summary>
    /// <param name="kit">The kit.</param>
    /// <param name="components">What one unit of it is to be made of; empty where it is to be an ordinary SKU.</param>
    /// <param name="kits">The kits that these tie together, over whatever many others, as they are made now.</param>
    public static ImmutableArray<PolicyFault> Of(
        SkuId kit, ImmutableArray<Component> components, IReadOnlyDictionary<SkuId, ImmutableArray<Component>> kits)
    {
        ArgumentNullException.ThrowIfNull(kits);
        var faults = ImmutableArray.CreateBuilder<PolicyFault>();
        if (components.Length > KitLimits.MostComponents)
        {
            faults.Add(new("components", $"At most {KitLimits.MostComponents} components."));
        }

        for (var i = 0; i < components.Length; i++)
        {
            var (part, units) = components[i];
            void Refuse(bool wrong, string member, string message)
            {
                if (wrong)
                {
                    faults.Add(new(string.Create(CultureInfo.InvariantCulture, $"components[{i}].{member}"), message));
                }
            }

            Refuse(units is < 1 or > KitLimits.MostUnits, "units", $"A whole number from 1 to {KitLimits.MostUnits}.");
            Refuse(part == kit, "sku", "A kit cannot be a part of itself.");
            Refuse(part != kit && Contains(part, kit, kits), "sku", "This part contains the kit: a cycle can never be made.");
            Refuse(components.Take(i).Any(c => c.Sku == part), "sku", "A part is named once; this one stands above already.");
        }

        return faults.Count > 0 ? faults.ToImmutable() : TooLarge(kit, components, kits);
    }

    private static ImmutableArray<PolicyFault> TooLarge(
        SkuId kit, ImmutableArray<Component> components, IReadOnlyDictionary<SkuId, ImmutableArray<Component>> kits)
    {
        var then = new Dictionary<SkuId, ImmutableArray<Component>>(kits) { [kit] = components };
        foreach (var changed in then.Keys.Where(k => k == kit || Contains(k, kit, kits)))
        {
            if (Depth(changed, then) > KitLimits.MostDepth)
            {
                return [new("components", $"Kits within kits go {KitLimits.MostDepth} deep at most.")];
            }

            if (Most(changed, then) > KitLimits.MostUnits)
            {
                return [new("components", $"One unit would take more than {KitLimits.MostUnits} of one part.")];
            }
        }

        var tied = then.SelectMany(k => k.Value.Select(c => c.Sku).Append(k.Key)).Distinct().Count();
        return tied > KitLimits.MostTied
            ? [new("components", $"Kits would tie {tied} SKUs together; at most {KitLimits.MostTied} are planned as one.")]
            : [];
    }

    private static bool Contains(SkuId kit, SkuId part, IReadOnlyDictionary<SkuId, ImmutableArray<Component>> kits) =>
        kits.TryGetValue(kit, out var components) && components.Any(c => c.Sku == part || Contains(c.Sku, part, kits));

    private static int Depth(SkuId sku, Dictionary<SkuId, ImmutableArray<Component>> kits) =>
        kits.TryGetValue(sku, out var components) && components.Length > 0 ? 1 + components.Max(c => Depth(c.Sku, kits)) : 0;

    /// <summary>The most units of one last part that a unit takes.</summary>
    private static long Most(SkuId sku, Dictionary<SkuId, ImmutableArray<Component>> kits)
    {
        var sums = new Dictionary<SkuId, long>();
        Add(sku, 1, kits, sums);
        return sums.Values.Max();
    }

    private static void Add(SkuId sku, long units, Dictionary<SkuId, ImmutableArray<Component>> kits, Dictionary<SkuId, long> sums)
    {
        if (!kits.TryGetValue(sku, out var components) || components.Length == 0)
        {
            sums[sku] = sums.GetValueOrDefault(sku) + units;
            return;
        }

        foreach (var component in components)
        {
            Add(component.Sku, units * component.Units, kits, sums);
        }
    }
}
