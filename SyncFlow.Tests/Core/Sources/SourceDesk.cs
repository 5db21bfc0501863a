using System.Collections.Immutable;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Sources;
using SyncFlow.Tests.Core.Support;

namespace SyncFlow.Tests.Core.Sources;

/// <summary>A store (connection 1) on one SKU, and sources: an ERP, a WMS and a till, each with a place of its own code.</summary>
internal sealed class SourceDesk
{
    public static readonly ConnectionId Store = new(1);
    public static readonly ConnectionId Erp = new(11);
    public static readonly ConnectionId Wms = new(12);
    public static readonly ConnectionId Till = new(13);

    private int _keys;

    public SourceDesk(int onHand, params ConnectionId[] owners)
    {
        Desk = new Desk(1, onHand, SharingMode.Shared, onHand);
        Desk.Context = Desk.Context with
        {
            Channels = Desk.Context.Channels.AddRange(new[] { Erp, Wms, Till }.Select(s => KeyValuePair.Create(s, Source(s, owners.Contains(s))))),
        };
    }

    public Desk Desk { get; }

    public int Ats => Desk.Ats;

    public Buckets Now => Desk.Position;

    public FactOutcome Position(ConnectionId from, long version, int onHand, params PostedMark[] through) => Desk.Apply(new SourcePosition(
        Key(null), from, null, Desk.Now, Desk.Sku, Desk.Main, Place(from), version, onHand, null, [.. through]));

    public FactOutcome Unavailable(ConnectionId from, long version, int onHand, int unavailable) => Desk.Apply(new SourcePosition(
        Key(null), from, null, Desk.Now, Desk.Sku, Desk.Main, Place(from), version, onHand, unavailable, []));

    public FactOutcome Move(ConnectionId from, long version, int units, TransactionRef? posts = null, string? key = null) => Desk.Apply(
        new SourceMovement(Key(key), from, null, Desk.Now, Desk.Sku, Desk.Main, Place(from), version, Bucket.OnHand, units, posts));

    public FactOutcome Sell(long version, int units, string receipt, string? key = null) => Desk.Apply(new SourceSale(
        Key(key), Till, null, Desk.Now, Desk.Sku, Desk.Main, Place(Till), version, units, new TransactionRef(Till, receipt)));

    public FactOutcome Pick(long version, string order, int open, int shipped) => Desk.Apply(new PicksReported(
        Key(null), Wms, null, Desk.Now, Desk.Sku, Desk.Main, Place(Wms), version, new TransactionRef(Store, order), open, shipped));

    /// <summary>The store's order of units, of which some are shipped.</summary>
    public FactOutcome Order(string id, int quantity, int fulfilled = 0, bool cancelled = false)
    {
        Desk.Now += TimeSpan.FromSeconds(1);
        return Desk.Order(1, Desk.Snapshot(
            id, quantity, Desk.Now, open: cancelled ? 0 : quantity - fulfilled, fulfilled: fulfilled, cancelled: cancelled,
            restocks: cancelled ? [new Restock(id + "-r", RestockKind.Cancel, quantity - fulfilled, "x1")] : []));
    }

    public static TransactionRef OrderRef(string id) => new(Store, id);

    public static TransactionRef Receipt(string id) => new(Till, id);

    private string Key(string? key) => key ?? $"source:{++_keys}";

    private static string Place(ConnectionId source) => $"P{source.Value}";

    private static ChannelSettings Source(ConnectionId id, bool owns) => new(
        id, ConnectionStatus.Connected, ImmutableDictionary.CreateRange([KeyValuePair.Create(Place(id), Desk.Main)]), null, 1, 100, [],
        OwnsOnHand: owns, CompareAndSet: false, DeduplicatesWrites: false, SettleSeconds: 10)
    {
        IsSource = true,
    };
}
