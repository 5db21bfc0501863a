using SyncFlow.Core.Allocation;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Explaining;

/// <summary>How many of a kit can be made, and of what, in sentences.</summary>
internal static class KitWords
{
    /// <summary>The sum, and where there are several locations how it comes about: a kit is made of what lies at one of them.</summary>
    public static IEnumerable<string> Of(StockMoment moment)
    {
        var (parts, kit) = (moment.Sku.Components, moment.Sku.Sku);
        yield return Words.Of(
            $"It is a kit of {string.Join(" and ", parts.Select(c => Words.Of($"{c.Units} × {moment.Names.Of(c.Sku)}")))}: what there is of them makes {AvailableToSell.Of(moment.Tied, kit)}.");
        foreach (var group in AvailableToSell.GroupsOf(moment.Tied))
        {
            var units = new SellableUnits(moment.Tied, group);
            var made = units.Of(kit);
            if (made.Count == 1)
            {
                continue;
            }

            foreach (var (location, kits) in made.OrderBy(m => m.Key.Value))
            {
                var there = Draws.ComponentsOf(moment.Tied, kit).Select(c => Words.Of($"{units.Of(c.Sku, location)} of {moment.Names.Of(c.Sku)}, {c.Units} each"));
                yield return Words.Of($"{moment.Names.Of(location)} makes {kits}: it has {string.Join("; ", there)}.");
            }
        }
    }
}
