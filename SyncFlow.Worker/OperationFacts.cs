using SyncFlow.Channels;
using SyncFlow.Core;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Operations;
using SyncFlow.Storage.Operations;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Worker;

/// <summary>Facts of the stock operations and counts that SyncFlow's own API took in.</summary>
internal static class OperationFacts
{
    /// <summary>Whether a content is one of these.</summary>
    public static bool Handles(string content) =>
        content is OperationContents.Operations or OperationContents.Count or OperationContents.CountWithdrawal;

    /// <summary>The facts of such an event.</summary>
    /// <exception cref="System.Text.Json.JsonException">The body is not what the content says.</exception>
    public static NormaliseResult Normalise(string content, long inboxEvent, ReadOnlySpan<byte> body) => content switch
    {
        OperationContents.Operations => Operations(inboxEvent, OperationContents.Read<OperationBody[]>(body)),
        OperationContents.Count => Count(inboxEvent, OperationContents.Read<CountBody>(body)),
        _ => Withdrawal(inboxEvent, OperationContents.Read<CountWithdrawalBody>(body)),
    };

    private static NormaliseResult Operations(long inboxEvent, OperationBody[] operations)
    {
        if (operations.Length == 0 || operations.Any(o => o.Key.Length == 0 || o.Legs.Count == 0 || o.Legs.Any(IsWrong)))
        {
            return new NormaliseResult { MalformedReason = "an operation needs a key and legs with delta, bucket and reason" };
        }

        return new NormaliseResult
        {
            Facts =
            [
                .. operations.Select(Fact (o) => new StockOperation(
                    o.Key, inboxEvent, DatabaseTime.Of(o.OccurredAt), new SkuId(o.SkuId),
                    [.. o.Legs.Select(leg => new OperationLeg(new LocationId(leg.LocationId), leg.Bucket, leg.Delta, leg.Reason))])),
            ],
        };
    }

    private static NormaliseResult Count(long inboxEvent, CountBody count) => count is { Key.Length: > 0, Counted: >= 0 }
        ? One(new CountTaken(
            count.Key, inboxEvent, DatabaseTime.Of(count.AsOf), new SkuId(count.SkuId), new LocationId(count.LocationId), count.Counted))
        : new NormaliseResult { MalformedReason = "a count needs a key and units that are not below zero" };

    private static NormaliseResult Withdrawal(long inboxEvent, CountWithdrawalBody body) => body is { Key.Length: > 0, Count.Length: > 0 }
        ? One(new CountWithdrawn(
            body.Key, inboxEvent, DatabaseTime.Of(body.AsOf), new SkuId(body.SkuId), new LocationId(body.LocationId), body.Count))
        : new NormaliseResult { MalformedReason = "a withdrawal needs a key and names its count" };

    private static NormaliseResult One(Fact fact) => new() { Facts = [fact] };

    private static bool IsWrong(LegBody leg) => leg.Delta == 0 || !Enum.IsDefined(leg.Bucket) || !Enum.IsDefined(leg.Reason);
}
