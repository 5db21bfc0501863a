using System.Collections.Immutable;
using SyncFlow.Core.Operations;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.StockOperations;

/// <summary>Inbox events of operations.</summary>
internal static class OperationEvents
{
    /// <summary>An operation with the legs it books.</summary>
    public static PreparedOperation Of(OperationDraft draft, ImmutableArray<OperationLeg> legs) =>
        new(draft, OperationContents.Operations, OperationContents.Write(new[] { BodyOf(draft, legs) }));

    /// <summary>What the worker is told of an operation.</summary>
    public static OperationBody BodyOf(OperationDraft draft, ImmutableArray<OperationLeg> legs) => new(
        draft.Key, draft.SkuId, draft.OccurredAt, [.. legs.Select(leg => new LegBody(leg.Location.Value, leg.Bucket, leg.Delta, leg.Reason))]);

    /// <summary>A count.</summary>
    public static PreparedOperation OfCount(OperationDraft draft) => new(
        draft, OperationContents.Count,
        OperationContents.Write(new CountBody(draft.Key, draft.SkuId, draft.LocationId, draft.Units, draft.OccurredAt)));

    /// <summary>A count taken back.</summary>
    public static PreparedOperation OfWithdrawal(OperationDraft draft, string count) => new(
        draft, OperationContents.CountWithdrawal,
        OperationContents.Write(new CountWithdrawalBody(draft.Key, count, draft.SkuId, draft.LocationId, draft.OccurredAt)));
}
