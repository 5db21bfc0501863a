using SyncFlow.Core.Counts;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Operations;
using SyncFlow.Core.Sources;

namespace SyncFlow.Core.Engine;

/// <summary>What must be loaded, and locked, before facts can be folded; nothing twice.</summary>
/// <param name="Variants">Listings by variant.</param>
/// <param name="Items">Listings by stock item.</param>
/// <param name="Orders">Orders; their rows are created if missing.</param>
/// <param name="Skus">SKUs named directly.</param>
/// <param name="Levels">Levels named directly; their SKUs are loaded.</param>
/// <param name="Movements">Movement keys to look up.</param>
public sealed record Refs(
    IReadOnlyCollection<(ConnectionId Connection, string VariantRef)> Variants,
    IReadOnlyCollection<(ConnectionId Connection, string ItemRef)> Items,
    IReadOnlyCollection<(ConnectionId Connection, string OrderRef)> Orders,
    IReadOnlyCollection<SkuId> Skus,
    IReadOnlyCollection<LevelId> Levels,
    IReadOnlyCollection<string> Movements)
{
    /// <summary>What counts and operations need besides.</summary>
    public OperationRefs Operations { get; init; } = OperationRefs.None;
    /// <summary>References of reservations that orders carry.</summary>
    public IReadOnlyCollection<string> Reservations { get; init; } = [];

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
        var variants = new HashSet<(ConnectionId, string)>();
        var items = new HashSet<(ConnectionId, string)>();
        var orders = new HashSet<(ConnectionId, string)>();
        var skus = new HashSet<SkuId>();
        var levels = new HashSet<LevelId>();
        var movements = new HashSet<string>();
        var operations = new OperationRefs.Builder();
        var reservations = new HashSet<string>();
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
                case LevelReleased released:
                    levels.Add(released.Level);
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

        return new Refs(variants, items, orders, skus, levels, movements)
        {
            Operations = operations.ToRefs(),
            Reservations = reservations,
            Sources = sources.ToRefs(),
        };
    }
}
