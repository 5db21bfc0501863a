using System.Collections.Immutable;
using SyncFlow.Core.Ledger;

namespace SyncFlow.Core.Operations;

/// <summary>What each kind of operation does to the buckets.</summary>
public static class OperationLegs
{
    /// <summary>The legs of an operation at one location.</summary>
    /// <param name="kind">Receipt, return, adjustment, write-off or move.</param>
    /// <param name="units">Above zero; for an adjustment the difference.</param>
    /// <param name="from">Where the units lie before (write-off, move).</param>
    /// <param name="to">Where they lie after (receipt, return, move).</param>
    /// <exception cref="ArgumentException">The kind has other legs, or the units do not fit it.</exception>
    public static ImmutableArray<OperationLeg> Of(
        OperationKind kind, LocationId location, int units, StockCondition from, StockCondition to)
    {
        if (units == 0 || (units < 0 && kind != OperationKind.Adjustment))
        {
            throw new ArgumentException($"{units} units are not a {kind}.", nameof(units));
        }

        var legs = ImmutableArray.CreateBuilder<OperationLeg>(3);
        switch (kind)
        {
            case OperationKind.Receipt or OperationKind.Return:
                legs.Add(new(location, Bucket.OnHand, units, kind == OperationKind.Return ? EntryReason.Return : EntryReason.Receipt));
                Enter(legs, location, to, units);
                break;
            case OperationKind.Adjustment:
                legs.Add(new(location, Bucket.OnHand, units, EntryReason.Adjustment));
                break;
            case OperationKind.WriteOff:
                legs.Add(new(location, Bucket.OnHand, -units, EntryReason.WriteOff));
                Leave(legs, location, from, units);
                break;
            case OperationKind.Move when from != to:
                Leave(legs, location, from, units);
                Enter(legs, location, to, units);
                break;
            default:
                throw new ArgumentException($"A {kind} has no legs of this shape.", nameof(kind));
        }

        return legs.ToImmutable();
    }

    /// <summary>Units leave for another location: on-hand falls there, and they are on the way, part of nobody's stock.</summary>
    public static ImmutableArray<OperationLeg> Dispatch(LocationId from, LocationId to, int units) =>
    [
        new(from, Bucket.OnHand, -units, EntryReason.TransferOut),
        new(to, Bucket.InTransit, units, EntryReason.TransferOut),
    ];

    /// <summary>
    /// Units of a transfer arrive. What arrives beyond what is on the way left the origin as well, uncounted: it is
    /// booked at both ends, so that a transfer never makes units.
    /// </summary>
    /// <param name="onTheWay">Units of this transfer that have not arrived; ≥ 0.</param>
    /// <param name="units">Units that arrive; above zero.</param>
    /// <param name="to">The condition they arrive in.</param>
    public static ImmutableArray<OperationLeg> Arrive(
        LocationId origin, LocationId destination, int onTheWay, int units, StockCondition to)
    {
        var expected = Math.Min(onTheWay, units);
        var over = units - expected;
        var legs = ImmutableArray.CreateBuilder<OperationLeg>(4);
        if (over > 0)
        {
            legs.Add(new(origin, Bucket.OnHand, -over, EntryReason.TransferVariance));
        }

        if (expected > 0)
        {
            legs.Add(new(destination, Bucket.InTransit, -expected, EntryReason.TransferIn));
            legs.Add(new(destination, Bucket.OnHand, expected, EntryReason.TransferIn));
        }

        if (over > 0)
        {
            legs.Add(new(destination, Bucket.OnHand, over, EntryReason.TransferVariance));
        }

        Enter(legs, destination, to, units);
        return legs.ToImmutable();
    }

    /// <summary>Units on the way that will never arrive.</summary>
    public static ImmutableArray<OperationLeg> Lose(LocationId destination, int units) =>
        [new(destination, Bucket.InTransit, -units, EntryReason.TransferVariance)];

    private static void Enter(ImmutableArray<OperationLeg>.Builder legs, LocationId location, StockCondition condition, int units)
    {
        if (UnavailableStock.ReasonOf(condition) is { } reason)
        {
            legs.Add(new(location, Bucket.Unavailable, units, reason));
        }
    }

    private static void Leave(ImmutableArray<OperationLeg>.Builder legs, LocationId location, StockCondition condition, int units) =>
        Enter(legs, location, condition, -units);
}
