using System.Collections.Immutable;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Operations;
using SyncFlow.Core.Sources;

namespace SyncFlow.Core.Engine;

/// <summary>What must be loaded, and locked, before facts can be folded.</summary>
/// <param name="Variants">Listings by variant.</param>
/// <param name="Items">Listings by stock item.</param>
/// <param name="Orders">Orders; their rows are created if missing.</param>
/// <param name="Skus">SKUs named directly.</param>
/// <param name="Levels">Levels named directly; their SKUs are loaded.</param>
/// <param name="Movements">Movement keys to look up.</param>
public sealed record Refs(
    ImmutableHashSet<(ConnectionId Connection, string VariantRef)> Variants,
    ImmutableHashSet<(ConnectionId Connection, string ItemRef)> Items,
    ImmutableHashSet<(ConnectionId Connection, string OrderRef)> Orders,
    ImmutableHashSet<SkuId> Skus,
    ImmutableHashSet<LevelId> Levels,
    ImmutableHashSet<string> Movements)
{
    /// <summary>What counts and operations need besides.</summary>
    public OperationRefs Operations { get; init; } = OperationRefs.None;
    /// <summary>References of reservations that orders carry.</summary>
    public ImmutableHashSet<string> Reservations { get; init; } = [];

    /// <summary>What must be loaded of what sources said before.</summary>
    public SourceRefs Sources { get; init; } = SourceRefs.None;
}

/// <summary>Collects references.</summary>
public static class FactRefs
{
    /// <summary>The references of a batch of facts.</summary>
    public static Refs Of(IEnumerable<Fact> facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var variants = ImmutableHashSet.CreateBuilder<(ConnectionId, string)>();
        var items = ImmutableHashSet.CreateBuilder<(ConnectionId, string)>();
        var orders = ImmutableHashSet.CreateBuilder<(ConnectionId, string)>();
        var skus = ImmutableHashSet.CreateBuilder<SkuId>();
        var levels = ImmutableHashSet.CreateBuilder<LevelId>();
        var movements = ImmutableHashSet.CreateBuilder<string>();
        var operations = new OperationRefs.Builder();
        var reservations = ImmutableHashSet.CreateBuilder<string>();
        var sources = new SourceRefs.Builder();
        foreach (var fact in facts)
        {
            operations.NoteMoment(fact.OccurredAt);
            switch (fact)
            {
                case OrderFact order:
                    orders.Add((order.From, order.Snapshot.OrderRef));
                    sources.Add(order);
                    if (order.Snapshot.ReservationRef is { } reservation)
                    {
                        reservations.Add(reservation);
                    }

                    foreach (var line in order.Snapshot.Lines)
                    {
                        if (line.VariantRef is not null)
                        {
                            variants.Add((order.From, line.VariantRef));
                        }
                    }

                    break;
                case LevelAnnounced announced:
                    items.Add((announced.From, announced.ItemRef));
                    break;
                case ItemRead item:
                    items.Add((item.From, item.ItemRef));
                    break;
                case LevelRead read:
                    levels.Add(read.Reading.Level);
                    break;
                case StockMovement movement:
                    skus.Add(movement.Sku);
                    movements.Add(movement.Key);
                    break;
                case SourceFact source:
                    sources.Add(source, skus, movements, orders);
                    break;
                case StockOperation or CountTaken or CountWithdrawn:
                    operations.Add(fact, skus, movements);
                    break;
                case ChannelChanged { Kind: ChannelChange.LevelConnected or ChannelChange.LevelDisconnected } changed:
                    items.Add((changed.From, changed.Ref));
                    break;
            }
        }

        return new Refs(
            variants.ToImmutable(), items.ToImmutable(), orders.ToImmutable(), skus.ToImmutable(), levels.ToImmutable(),
            movements.ToImmutable())
        {
            Operations = operations.ToRefs(),
            Reservations = reservations.ToImmutable(),
            Sources = sources.ToRefs(),
        };
    }
}
