using System.Collections.Immutable;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;

namespace SyncFlow.Core.Sources;

/// <summary>What a source (ERP, WMS, POS, 3PL) reported about one SKU at one of its places.</summary>
/// <param name="Place">The source's own code of the place; several may stand for one of our locations.</param>
/// <param name="Version">Where it stands in the source's own order: see <see cref="SourceVersions"/>. Never compared with another system's.</param>
public abstract record SourceFact(
    string Key, ConnectionId From, long? InboxEvent, DateTimeOffset OccurredAt, SkuId Sku, LocationId Location, string Place, long Version)
    : Fact(Key, From, InboxEvent, OccurredAt);

/// <summary>A unique movement in the source's books.</summary>
/// <param name="Units">Signed, never zero.</param>
/// <param name="Posts">The transaction of another system that this posts; null where it stands for itself.</param>
public sealed record SourceMovement(
    string Key, ConnectionId From, long? InboxEvent, DateTimeOffset OccurredAt, SkuId Sku, LocationId Location, string Place, long Version,
    Bucket Bucket, int Units, TransactionRef? Posts)
    : SourceFact(Key, From, InboxEvent, OccurredAt, Sku, Location, Place, Version);

/// <summary>Units sold over a counter.</summary>
/// <param name="Units">Sold; below zero for units that were brought back.</param>
/// <param name="Transaction">The sale's own id, by which another system may post it.</param>
public sealed record SourceSale(
    string Key, ConnectionId From, long? InboxEvent, DateTimeOffset OccurredAt, SkuId Sku, LocationId Location, string Place, long Version,
    int Units, TransactionRef Transaction)
    : SourceFact(Key, From, InboxEvent, OccurredAt, Sku, Location, Place, Version);

/// <summary>What the source says is there: a snapshot, in which everything up to and including its version is contained.</summary>
/// <param name="OnHand">Units there.</param>
/// <param name="Unavailable">Of them, units that are not for sale; null where the source does not tell.</param>
/// <param name="PostedThrough">Up to where in other systems' own orders their transactions are contained.</param>
public sealed record SourcePosition(
    string Key, ConnectionId From, long? InboxEvent, DateTimeOffset OccurredAt, SkuId Sku, LocationId Location, string Place, long Version,
    int OnHand, int? Unavailable, ImmutableArray<PostedMark> PostedThrough)
    : SourceFact(Key, From, InboxEvent, OccurredAt, Sku, Location, Place, Version);

/// <summary>What a warehouse does for an order: a snapshot per order, SKU and location.</summary>
/// <param name="Order">The order.</param>
/// <param name="Open">Units in its pick tasks now, ≥ 0.</param>
/// <param name="Shipped">Units that have left for it so far, ≥ 0.</param>
public sealed record PicksReported(
    string Key, ConnectionId From, long? InboxEvent, DateTimeOffset OccurredAt, SkuId Sku, LocationId Location, string Place, long Version,
    TransactionRef Order, int Open, int Shipped)
    : SourceFact(Key, From, InboxEvent, OccurredAt, Sku, Location, Place, Version);

/// <summary>A transaction by the id that the system gave it where it happened.</summary>
/// <param name="System">The connection it happened on.</param>
/// <param name="Id">That system's own id, for example an order's or a receipt's.</param>
public readonly record struct TransactionRef(ConnectionId System, string Id);

/// <summary>All transactions of a system up to here are contained.</summary>
/// <param name="System">The system the transactions happened on.</param>
/// <param name="Through">In that system's own order: see <see cref="SourceVersions"/>.</param>
public readonly record struct PostedMark(ConnectionId System, long Through);
