using System.Collections.Immutable;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Permissions;

namespace SyncFlow.Core.Engine;

/// <summary>What the rules need of a tenant's configuration; read in the same transaction as the state.</summary>
public sealed record EngineContext(
    TenantId Tenant,
    ImmutableDictionary<ConnectionId, ChannelSettings> Channels,
    ImmutableDictionary<LocationId, LocationSettings> Locations)
{
    // Looked up for every level and pool of every plan: a plain dictionary answers several times faster than an immutable one.
    private readonly Dictionary<ConnectionId, ChannelSettings> _channels = new(Channels);
    private readonly Dictionary<LocationId, LocationSettings> _locations = new(Locations);
    private readonly HashSet<LocationId> _uncappedPlaces = UncappedPlaces(Channels);

    /// <summary>The tenant's connections.</summary>
    public ImmutableDictionary<ConnectionId, ChannelSettings> Channels
    {
        get;
        init => (field, _channels, _uncappedPlaces) = (value, new(value), UncappedPlaces(value));
    } = Channels;

    /// <summary>The tenant's locations.</summary>
    public ImmutableDictionary<LocationId, LocationSettings> Locations
    {
        get;
        init => (field, _locations) = (value, new(value));
    } = Locations;

    /// <summary>A connection of the tenant, or null.</summary>
    public ChannelSettings? FindChannel(ConnectionId connection) => _channels.GetValueOrDefault(connection);

    /// <summary>A location of the tenant, or null.</summary>
    public LocationSettings? FindLocation(LocationId location) => _locations.GetValueOrDefault(location);

    /// <summary>Whether somebody without a cap sells at a location (see <see cref="ChannelSettings.Uncappable"/>).</summary>
    public bool HasUncappable(LocationId location) => _uncappedPlaces.Contains(location);

    /// <summary>Found once: it is asked for every pool of every plan.</summary>
    private static HashSet<LocationId> UncappedPlaces(ImmutableDictionary<ConnectionId, ChannelSettings> channels) =>
        [.. channels.Values.Where(c => c is { Uncappable: true, Sells: true }).SelectMany(c => c.Locations.Values)];
}

/// <summary>A location's settings.</summary>
/// <param name="FulfillsOnline">Whether online orders may ship from it.</param>
/// <param name="Group">Locations of one group may ship for each other; guard holds per group.</param>
public sealed record LocationSettings(LocationId Id, bool FulfillsOnline, int Group)
{
    /// <summary>Whether a source that feeds it is frozen: its last good stock stands, and nothing is raised from it.</summary>
    public bool SourceFrozen { get; init; }

    /// <summary>Part of on-hand, in percent, that is not sold because a source that feeds it may be wrong.</summary>
    public int SourceBuffer { get; init; }

    /// <summary>Whether units that a refund puts back here are looked at before they are sold again.</summary>
    public bool InspectReturns { get; init; }
}

/// <summary>State of a connection. The numbers are stored; they never change meaning.</summary>
public enum ConnectionStatus : short
{
    /// <summary>Connected; catalog not imported or not mapped yet.</summary>
    Connected = 1,

    /// <summary>Read exactly; not published yet.</summary>
    Baselined = 2,

    /// <summary>Orders are applied and levels published.</summary>
    Live = 3,

    /// <summary>
    /// A person stopped publishing, or access was given back and levels are being read; the channel still sells.
    /// </summary>
    Paused = 4,

    /// <summary>The channel refused our credential; the channel still sells (rule R12).</summary>
    Suspended = 5,

    /// <summary>The merchant removed the app; the channel still sells (rule R13).</summary>
    Uninstalled = 6,

    /// <summary>A person attested that the shop is closed, or it was disconnected as planned: it sells nothing.</summary>
    Closed = 7,

    /// <summary>A planned disconnect is under way: it is offered zero, and closed once that is proven (rule R13).</summary>
    Disconnecting = 8,
}

/// <summary>What may be done with a connection in a status.</summary>
public static class ConnectionStatuses
{
    /// <summary>Whether calls may be made at all (rules R12, R13).</summary>
    public static bool MayBeCalled(this ConnectionStatus status) => status switch
    {
        ConnectionStatus.Connected or ConnectionStatus.Baselined or ConnectionStatus.Live or ConnectionStatus.Paused
            or ConnectionStatus.Disconnecting => true,
        ConnectionStatus.Suspended or ConnectionStatus.Uninstalled or ConnectionStatus.Closed => false,
    };

    /// <summary>Whether levels may be written: to their targets, or to nothing at all while it is being disconnected.</summary>
    public static bool MayBeWritten(this ConnectionStatus status) =>
        status is ConnectionStatus.Live or ConnectionStatus.Disconnecting;

    /// <summary>Whether its levels are read again and again until nothing about them is unproven.</summary>
    public static bool IsVerified(this ConnectionStatus status) => status.MayBeWritten() || status == ConnectionStatus.Paused;
}

/// <summary>A channel's settings as the rules see them.</summary>
/// <param name="Connection">Which.</param>
/// <param name="Status">Its state.</param>
/// <param name="Locations">The channel's own location ids → ours, active ones only.</param>
/// <param name="DefaultLocation">Where an order is booked while nothing better is known.</param>
/// <param name="Weight">Its weight when units are shared out, &gt; 0.</param>
/// <param name="Priority">Breaks ties; lower comes first.</param>
/// <param name="ClaimingSources">Order sources whose orders take units from the level (rule R16).</param>
/// <param name="OwnsOnHand">Whether this channel is the authority for on-hand at its locations.</param>
/// <param name="CompareAndSet">Whether it refuses a write when the level is not what we compared with.</param>
/// <param name="DeduplicatesWrites">Whether it is proven to apply a replayed key once.</param>
/// <param name="SettleSeconds">Measured 99th percentile from a sale elsewhere to the acknowledged decrease here.</param>
/// <param name="ReinstalledAt">When access was last given back after an uninstall; null if never.</param>
public sealed record ChannelSettings(
    ConnectionId Connection,
    ConnectionStatus Status,
    ImmutableDictionary<string, LocationId> Locations,
    LocationId? DefaultLocation,
    double Weight,
    int Priority,
    ImmutableHashSet<string> ClaimingSources,
    bool OwnsOnHand,
    bool CompareAndSet,
    bool DeduplicatesWrites,
    double SettleSeconds,
    DateTimeOffset? ReinstalledAt = null)
{
    private readonly HashSet<LocationId> _openPlaces = [.. Locations.Values];

    /// <summary>The channel's own location ids → ours, active ones only.</summary>
    public ImmutableDictionary<string, LocationId> Locations
    {
        get;
        init => (field, _openPlaces) = (value, [.. value.Values]);
    } = Locations;

    /// <summary>Whether one of our locations is open on it.</summary>
    public bool IsOpenAt(LocationId location) => _openPlaces.Contains(location);

    /// <summary>What the merchant froze: the connection's own brake or the tenant's, the stronger of both.</summary>
    public BrakeStrength Brake { get; init; }

    /// <summary>Whether billing has stopped growth: nothing is raised, everything else goes on (rule R1).</summary>
    public bool GrowthStopped { get; init; }

    /// <summary>
    /// Whether it sells whatever it likes, at zero and below: a till whose goods lie in the shop, a marketplace that sells
    /// its own warehouse, an importer. What is not set aside at its locations it may take (rule R15, docs/protocol.md).
    /// </summary>
    public bool Uncappable { get; init; }

    /// <summary>
    /// Whether units that are not to be sold here are parked in a state that is not sold, where it is the authority for
    /// on-hand (rule R14). That state is ours then: who keeps units of his own there leaves it off.
    /// </summary>
    public bool Parks { get; init; }

    /// <summary>Guard without the zero barrier, with a lag reserve (rule R15); null where guard is to be proven.</summary>
    public BoundedGuard? Bounded { get; init; }

    /// <summary>The same as it is in force: a channel that compares needs none.</summary>
    public BoundedGuard? BoundedBy => CompareAndSet || Uncappable ? null : Bounded;

    /// <summary>What the store may do; where nothing is said, everything.</summary>
    public SyncPermissions Permissions { get; init; } = SyncPermissions.All;

    /// <summary>The channel's own location ids → ours, of mapped locations that are closed on the channel now.</summary>
    public ImmutableDictionary<string, LocationId> ClosedPlaces { get; init; } =
        ImmutableDictionary<string, LocationId>.Empty;

    /// <summary>Whether it reports stock (ERP, WMS, POS, 3PL).</summary>
    public bool IsSource { get; init; }

    /// <summary>Our location behind one of the channel's own, open or closed; null when it is not mapped.</summary>
    public LocationId? PlaceOf(string externalLocation) =>
        Locations.TryGetValue(externalLocation, out var open) ? open
        : ClosedPlaces.TryGetValue(externalLocation, out var closed) ? closed
        : null;

    /// <summary>Whether levels of this channel may be written to a share of their own now.</summary>
    public bool Publishes => Status == ConnectionStatus.Live && Brake != BrakeStrength.AllWrites && Permissions.MayPush;

    /// <summary>Whether it is offered nothing any more, because it is being disconnected.</summary>
    public bool IsLeaving => Status == ConnectionStatus.Disconnecting && Brake != BrakeStrength.AllWrites && Permissions.MayPush;

    /// <summary>Whether it may sell units, whatever we may write.</summary>
    public bool Sells => Status != ConnectionStatus.Closed;
}

/// <summary>A channel's variant and the SKU it sells.</summary>
/// <param name="UnitsPerSale">Units of the SKU that one sale takes.</param>
/// <param name="Active">False once it is archived: the channel has its item no longer. Its orders are real still.</param>
public sealed record ListingInfo(
    ListingId Listing, ConnectionId Connection, string VariantRef, string ItemRef, SkuId Sku, int UnitsPerSale,
    bool Active = true);
