using System.Collections.Immutable;
using SyncFlow.Core.Operations;

namespace SyncFlow.Storage.Operations;

/// <summary>Inbox events of operations.</summary>
public static class OperationEvents
{
    /// <summary>An operation with the legs it books.</summary>
    public static PreparedOperation Of(OperationDraft draft, ImmutableArray<OperationLeg> legs)
    {
        ArgumentNullException.ThrowIfNull(draft);
        return Of(draft, [BodyOf(draft.Key, draft.SkuId, draft.OccurredAt, legs)]);
    }

    /// <summary>An operation whose event carries others that it rests on, in the order in which they are booked.</summary>
    public static PreparedOperation Of(OperationDraft draft, IReadOnlyList<OperationBody> bodies) =>
        new(draft, OperationContents.Operations, OperationContents.Write(bodies));

    /// <summary>A count.</summary>
    public static PreparedOperation OfCount(OperationDraft draft)
    {
        ArgumentNullException.ThrowIfNull(draft);
        return new(
            draft, OperationContents.Count,
            OperationContents.Write(new CountBody(draft.Key, draft.SkuId, draft.LocationId, draft.Units, draft.OccurredAt)));
    }

    /// <summary>A count taken back.</summary>
    public static PreparedOperation OfWithdrawal(OperationDraft draft, string count)
    {
        ArgumentNullException.ThrowIfNull(draft);
        return new(
            draft, OperationContents.CountWithdrawal,
            OperationContents.Write(new CountWithdrawalBody(draft.Key, count, draft.SkuId, draft.LocationId, draft.OccurredAt)));
    }

    internal static OperationBody BodyOf(string key, long sku, DateTimeOffset occurredAt, ImmutableArray<OperationLeg> legs) => new(
        key, sku, occurredAt, [.. legs.Select(leg => new LegBody(leg.Location.Value, leg.Bucket, leg.Delta, leg.Reason))]);
}
