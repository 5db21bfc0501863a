using System.Globalization;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Inbox;

namespace SyncFlow.Storage.Sources;

/// <summary>Makes inbox events of a source's events once it is known what they speak of.</summary>
/// <param name="settings">The source.</param>
/// <param name="beginnings">The beginnings of all systems, by connection.</param>
internal sealed class SourceBodies(SourceSettings settings, Dictionary<long, int> beginnings)
{
    /// <summary>The key of an event's fact: unique over all time, whichever way the event came.</summary>
    public static string KeyOf(ConnectionId connection, string id) =>
        string.Create(CultureInfo.InvariantCulture, $"source:{connection.Value}:{id}");

    /// <summary>The inbox event of an event that is mapped.</summary>
    public InboxEvent Event(TenantId tenant, SourceEvent one, SourceMap map, DateTimeOffset at) => new(
        tenant, settings.Connection, Topic(one.Type), one.Id, one.Transaction, one.OccurredAt, at, null, SourceContents.Event,
        SourceContents.Write(Body(one, map)));

    /// <summary>What the inbox keeps of an event that is mapped.</summary>
    public SourceEventBody Body(SourceEvent one, SourceMap map) => new(
        KeyOf(settings.Connection, one.Id), one.Type, map.Sku(one.Item)!.Value, map.Location(one.Place)!.Value, one.Place, one.OccurredAt,
        VersionOf(settings, one), one.Bucket, one.Units, one.OnHand, one.Unavailable, one.Open, one.Shipped,
        one.System ?? (one.Type == SourceEventType.Sale ? null : settings.ReferenceSystem) ?? settings.Connection.Value, one.Transaction,
        one.PostedThrough.Count == 0 ? null : [.. one.PostedThrough.Select(Mark)]);

    /// <summary>Where an event stands in its source's own order.</summary>
    public static long VersionOf(SourceSettings settings, SourceEvent one) => settings.Ordering == SourceOrdering.Sequence
        ? SourceVersions.Of(settings.Beginning, one.Sequence!.Value)
        : SourceVersions.Of(settings.Beginning, one.OccurredAt);

    private MarkBody Mark(EventMark mark) => new(
        mark.System,
        mark.Sequence is { } sequence
            ? SourceVersions.Of(beginnings[mark.System], sequence)
            : SourceVersions.Of(beginnings[mark.System], mark.Time!.Value));

    private static string Topic(SourceEventType type) => type switch
    {
        SourceEventType.Movement => "movement",
        SourceEventType.Sale => "sale",
        SourceEventType.Position => "position",
        SourceEventType.Picks => "picks",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "There is no such event."),
    };
}
