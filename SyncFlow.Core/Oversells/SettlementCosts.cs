using System.Collections.Immutable;

namespace SyncFlow.Core.Oversells;

/// <summary>An amount of money in one currency; amounts of two currencies are never added or compared.</summary>
/// <param name="Currency">ISO 4217, three capital letters.</param>
public readonly record struct Money(decimal Amount, string Currency);

/// <summary>What a booked cost is of. The numbers are stored; they never change meaning.</summary>
public enum CostKind : short
{
    /// <summary>A line ships from another location: what the merchant says that costs.</summary>
    Resource = 1,

    /// <summary>A line is cancelled: what it was sold for.</summary>
    Cancel = 2,

    /// <summary>What the merchant says a cancellation costs beside that.</summary>
    CancelFee = 3,

    /// <summary>What a person said the settlement costs, all in all.</summary>
    Given = 4,
}

/// <summary>A part of what a settlement costs.</summary>
/// <param name="Of">The action; null where it is of the settlement as a whole.</param>
/// <param name="Units">Units that it is of; each unit of a settlement is in one part.</param>
/// <param name="Cost">Null where nobody knows: a line whose price was never told.</param>
public sealed record SettlementCost(CostKind Kind, SettlementAction? Of, int Units, Money? Cost);

/// <summary>What a confirmed settlement costs.</summary>
public static class SettlementCosts
{
    /// <summary>The parts of it.</summary>
    /// <param name="given">What a person said it costs, instead of all that is known otherwise; null where nobody did.</param>
    public static ImmutableArray<SettlementCost> Of(IEnumerable<SettlementAction> actions, SettlementRules rules, Money? given)
    {
        ArgumentNullException.ThrowIfNull(actions);
        ArgumentNullException.ThrowIfNull(rules);
        var costs = ImmutableArray.CreateBuilder<SettlementCost>();
        foreach (var action in actions)
        {
            var cancels = action.Kind == SettlementKind.Cancel;
            var known = given is { } whole ? whole with { Amount = 0 } : cancels ? action.Value : rules.ResourceCost;
            costs.Add(new SettlementCost(cancels ? CostKind.Cancel : CostKind.Resource, action, action.Units, known));
            if (given is null && cancels && rules.CancelCost is { } fee)
            {
                costs.Add(new SettlementCost(CostKind.CancelFee, action, 0, fee));
            }
        }

        if (given is { } all)
        {
            costs.Add(new SettlementCost(CostKind.Given, null, 0, all));
        }

        return costs.ToImmutable();
    }
}
