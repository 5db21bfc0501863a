using System.Collections.Immutable;
using System.Text.Json;
using SyncFlow.Channels;
using SyncFlow.Core;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Sources;

namespace SyncFlow.Worker;

/// <summary>Inbox contents that SyncFlow writes itself: readings of its verifier, movements told to its API.</summary>
public static class InternalFacts
{
    /// <summary>A JSON array of <see cref="Reading"/>.</summary>
    public const string LevelReadings = "level.readings";

    /// <summary>A JSON array of <see cref="ItemDifference"/>: mapped items of a channel's catalog as read.</summary>
    public const string CatalogItems = "catalog.items";

    /// <summary>A JSON object: key, skuId, locationId, bucket, delta, reason, occurredAt.</summary>
    public const string Movement = "movement";

    /// <summary>A movement as the API stores it; numbers are ids and the stored numbers of bucket and reason.</summary>
    public sealed record MovementBody(
        string Key, long SkuId, long LocationId, Bucket Bucket, int Delta, EntryReason Reason, DateTimeOffset? OccurredAt);

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    /// <summary>The body of <see cref="LevelReadings"/>.</summary>
    public static ReadOnlyMemory<byte> Body(IEnumerable<Reading> readings) =>
        JsonSerializer.SerializeToUtf8Bytes(readings, Options);

    /// <summary>The body of <see cref="Movement"/>.</summary>
    public static ReadOnlyMemory<byte> Body(MovementBody movement) => JsonSerializer.SerializeToUtf8Bytes(movement, Options);

    /// <summary>The body of <see cref="CatalogItems"/>.</summary>
    public static ReadOnlyMemory<byte> Body(IEnumerable<ItemDifference> items) => JsonSerializer.SerializeToUtf8Bytes(items, Options);

    /// <summary>Whether a content is one of these.</summary>
    public static bool Handles(string content) =>
        content is LevelReadings or Movement or CatalogItems or SourceContents.Event or SourceContents.Events || OperationFacts.Handles(content);

    /// <summary>The facts of such an event.</summary>
    public static NormaliseResult Normalise(
        string content, ConnectionId? connection, long inboxEvent, string eventRef, DateTimeOffset triggeredAt,
        ReadOnlyMemory<byte> body)
    {
        try
        {
            return content switch
            {
                LevelReadings => Readings(connection, inboxEvent, eventRef, triggeredAt, body),
                CatalogItems => Items(connection, inboxEvent, eventRef, triggeredAt, body),
                Movement => Moved(connection, inboxEvent, triggeredAt, body),
                SourceContents.Event => SourceEventFacts.Normalise(connection, inboxEvent, body.Span),
                SourceContents.Events => SourceEventFacts.NormaliseAll(connection, inboxEvent, body.Span),
                _ when OperationFacts.Handles(content) => OperationFacts.Normalise(content, inboxEvent, body.Span),
                _ => new NormaliseResult { IgnoredReason = $"no rule for content '{content}'" },
            };
        }
        catch (JsonException wrong)
        {
            return new NormaliseResult { MalformedReason = $"the body is not a {content}: {wrong.Path}" };
        }
    }

    private static NormaliseResult Readings(
        ConnectionId? connection, long inboxEvent, string eventRef, DateTimeOffset at, ReadOnlyMemory<byte> body)
    {
        if (connection is not { } from)
        {
            return new NormaliseResult { MalformedReason = "readings without a connection" };
        }

        var readings = JsonSerializer.Deserialize<ImmutableArray<Reading>>(body.Span, Options);
        return new NormaliseResult
        {
            Facts = [.. readings.Select(r => new LevelRead($"{eventRef}:{r.Level.Value}", from, inboxEvent, at, r))],
        };
    }

    private static NormaliseResult Items(
        ConnectionId? connection, long inboxEvent, string eventRef, DateTimeOffset at, ReadOnlyMemory<byte> body)
    {
        if (connection is not { } from)
        {
            return new NormaliseResult { MalformedReason = "catalog items without a connection" };
        }

        var items = JsonSerializer.Deserialize<ImmutableArray<ItemDifference>>(body.Span, Options);
        return new NormaliseResult
        {
            Facts =
            [
                .. items.Select(i => new ItemRead($"{eventRef}:{i.ItemRef}", from, inboxEvent, at, i.ItemRef, i.Present, i.Limit)),
            ],
        };
    }

    private static NormaliseResult Moved(ConnectionId? connection, long inboxEvent, DateTimeOffset at, ReadOnlyMemory<byte> body)
    {
        var movement = JsonSerializer.Deserialize<MovementBody>(body.Span, Options);
        if (movement is not { Key.Length: > 0, Delta: not 0 } || !Enum.IsDefined(movement.Bucket) || !Enum.IsDefined(movement.Reason))
        {
            return new NormaliseResult { MalformedReason = "a movement needs key, delta, bucket and reason" };
        }

        return new NormaliseResult
        {
            Facts =
            [
                new StockMovement(
                    movement.Key, connection, inboxEvent, DatabaseTime.Of(movement.OccurredAt ?? at), new SkuId(movement.SkuId),
                    new LocationId(movement.LocationId),
                    movement.Bucket, movement.Delta, movement.Reason),
            ],
        };
    }
}
