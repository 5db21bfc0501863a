using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.Api.StockOperations;
using SyncFlow.Core;
using SyncFlow.Core.Operations;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.Stock;

/// <summary>
/// The short way to tell of one receipt, adjustment or write-off, with a reason in free words;
/// <see cref="TakeInOperations"/> is the whole.
/// </summary>
internal sealed class MoveStock : IEndpoint
{
    /// <param name="Sku">Code of the SKU.</param>
    /// <param name="Location">Code of the location.</param>
    /// <param name="Kind"><c>receipt</c>, <c>adjustment</c> or <c>write-off</c>.</param>
    /// <param name="Units">Units received or written off, above zero; for an adjustment the difference, not zero.</param>
    /// <param name="Reason">For people; kept with the operation.</param>
    /// <param name="Key">Names the movement for ever, for example the id of the delivery note's line.</param>
    internal sealed record Request(string? Sku, string? Location, string? Kind, int? Units, string? Reason, string? Key) : IItem
    {
        public PreparedOperation? Prepare(CodeBook codes, DateTimeOffset now, Check check)
        {
            check.Text(Sku, "sku", SkuCode.Longest)
                .Text(Location, "location", Locations.CreateLocation.LongestCode)
                .That(Kind is "receipt" or "adjustment" or "write-off", "kind", "One of: receipt, adjustment, write-off.")
                .Text(Reason, "reason", OperationInput.LongestNote)
                .Text(Key, "key", OperationInput.LongestKey);
            OperationInput.CheckUnits(Units, "units", Kind == "adjustment" ? -OperationInput.MostUnits : 1, check);
            var (sku, location) = (codes.Sku(Sku), codes.Location(Location));
            check.That(string.IsNullOrWhiteSpace(Sku) || sku is not null, "sku", "There is no such SKU.")
                .That(string.IsNullOrWhiteSpace(Location) || location is not null, "location", "There is no location with this code.");
            if (!check.Holds)
            {
                return null;
            }

            var kind = Kind switch { "receipt" => OperationKind.Receipt, "write-off" => OperationKind.WriteOff, _ => OperationKind.Adjustment };
            const StockCondition sellable = StockCondition.Available;
            var draft = new OperationDraft(
                OperationInput.KeyPrefix + Key!.Trim(), kind, sku!.Value, location!.Value, Units!.Value, now, TimeGiven: false,
                kind == OperationKind.WriteOff ? sellable : null, kind == OperationKind.Receipt ? sellable : null, Note: Reason);
            return OperationEvents.Of(draft, OperationLegs.Of(kind, new LocationId(location.Value), Units.Value, sellable, sellable));
        }
    }

    /// <param name="OperationId">The operation that was taken in.</param>
    /// <param name="Status"><c>accepted</c>, <c>applied</c> or <c>refused</c>.</param>
    /// <param name="Refusal">Why it could not be booked.</param>
    /// <param name="ChangeId">The bulk change that waits for a decision and holds what it raises; null where nothing waits.</param>
    internal sealed record Answer(long OperationId, OperationState Status, string? Refusal, long? ChangeId);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/stock-movements", HandleAsync)
        .WithName("MoveStock").WithTags("Stock").Needs(Permission.StockWrite)
        .WithSummary("Records a receipt, an adjustment or a write-off; with wait=true the outcome is waited for, 2 s at most.");

    private static async Task<Results<Accepted<Answer>, Ok<Answer>, Refused>> HandleAsync(
        Request request, bool? wait, OperationIntake intake, CancellationToken ct)
    {
        var items = await intake.CheckAsync<Request>([request], ct).ConfigureAwait(false);
        if (items[0].Check.Failed(out var refused))
        {
            return refused;
        }

        var batch = await intake.TakeInAsync(items, wait == true, ct).ConfigureAwait(false);
        var item = batch.Items[0];
        if (item.Outcome == ItemOutcome.Refused)
        {
            return (Refused)new Problem(ProblemKind.AlreadyExists, "This key was used for another movement.");
        }

        var answer = new Answer(item.OperationId!.Value, item.State!.Value, item.Refusal, batch.ChangeId);
        return answer.ChangeId is { } change ? TypedResults.Accepted($"/api/v1/changes/{change}", answer)
            : answer.Status == OperationState.Accepted ? TypedResults.Accepted((string?)null, answer)
            : TypedResults.Ok(answer);
    }
}
