using System.Collections.Immutable;
using SyncFlow.Channels;
using SyncFlow.Core;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Sources;

namespace SyncFlow.Worker;

/// <summary>Facts of the events that sources told, once their codes are known.</summary>
internal static class SourceEventFacts
{
    /// <summary>The fact of such an event.</summary>
    /// <exception cref="System.Text.Json.JsonException">The body is not one.</exception>
    public static NormaliseResult Normalise(ConnectionId? connection, long inboxEvent, ReadOnlySpan<byte> body)
    {
        if (connection is not { } from)
        {
            return new NormaliseResult { MalformedReason = "a source's event without a connection" };
        }

        return Of(from, inboxEvent, SourceContents.Read<SourceEventBody>(body));
    }

    /// <summary>The facts of several events of one SKU.</summary>
    /// <exception cref="System.Text.Json.JsonException">The body is no list of them.</exception>
    public static NormaliseResult NormaliseAll(ConnectionId? connection, long inboxEvent, ReadOnlySpan<byte> body)
    {
        if (connection is not { } from)
        {
            return new NormaliseResult { MalformedReason = "events of a source without a connection" };
        }

        var facts = ImmutableArray.CreateBuilder<Fact>();
        foreach (var told in SourceContents.Read<SourceEventBody[]>(body))
        {
            var one = Of(from, inboxEvent, told);
            if (one.MalformedReason is not null)
            {
                return one;
            }

            facts.AddRange(one.Facts);
        }

        return new NormaliseResult { Facts = facts.ToImmutable() };
    }

    private static NormaliseResult Of(ConnectionId from, long inboxEvent, SourceEventBody told) =>
        told.Key.Length > 0 && FactOf(from, inboxEvent, told) is { } fact
            ? new NormaliseResult { Facts = [fact] }
            : new NormaliseResult { MalformedReason = "a source's event needs a key, a known type and its units" };

    private static Fact? FactOf(ConnectionId from, long inboxEvent, SourceEventBody told)
    {
        var (at, sku, location) = (DatabaseTime.Of(told.OccurredAt), new SkuId(told.SkuId), new LocationId(told.LocationId));
        TransactionRef? transaction = told.Transaction is null ? null : new TransactionRef(new ConnectionId(told.System), told.Transaction);
        return told.Type switch
        {
            SourceEventType.Movement when told.Units != 0 && told.Bucket is Bucket.OnHand or Bucket.Unavailable => new SourceMovement(
                told.Key, from, inboxEvent, at, sku, location, told.Place, told.Version, told.Bucket, told.Units, transaction),
            SourceEventType.Sale when told.Units != 0 && transaction is { } receipt => new SourceSale(
                told.Key, from, inboxEvent, at, sku, location, told.Place, told.Version, told.Units, receipt),
            SourceEventType.Position => new SourcePosition(
                told.Key, from, inboxEvent, at, sku, location, told.Place, told.Version, told.OnHand, told.Unavailable, MarksOf(told)),
            SourceEventType.Picks when transaction is { } order && told is { Open: >= 0, Shipped: >= 0 } => new PicksReported(
                told.Key, from, inboxEvent, at, sku, location, told.Place, told.Version, order, told.Open, told.Shipped),
            _ => null,
        };
    }

    private static ImmutableArray<PostedMark> MarksOf(SourceEventBody told) =>
        told.Marks is null ? [] : [.. told.Marks.Select(m => new PostedMark(new ConnectionId(m.System), m.Through))];
}
