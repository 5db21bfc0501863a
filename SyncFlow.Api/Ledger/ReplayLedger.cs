using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Operations;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Ledger;

/// <summary>
/// Compares all positions, or a SKU's, with the replay of the ledger. With <c>repair</c> the positions that an earlier run
/// found are written anew under their locks: what a person has seen is what is repaired, and nothing else.
/// </summary>
internal sealed class ReplayLedger : IEndpoint
{
    /// <summary>How old the run that found the differences may be.</summary>
    private static readonly TimeSpan PreviewAge = TimeSpan.FromHours(24);

    /// <param name="Sku">Only this SKU; all when left out.</param>
    /// <param name="Repair">Whether to write positions anew.</param>
    /// <param name="PreviewRunId">The replay run whose differences are to be repaired; needed for a repair.</param>
    internal sealed record Request(string? Sku, bool Repair, long? PreviewRunId);

    internal sealed record Parameters(long? SkuId, bool Repair, long? PreviewRunId, long[]? SkuIds, string AskedBy);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/ledger/replays", HandleAsync)
        .WithName("ReplayLedger").WithTags("Ledger").Needs(Permission.OperationsRun)
        .WithSummary("Begins a replay of the ledger against positions, or a repair of what one found.");

    private static async Task<Results<Accepted<RunAccepted>, Refused>> HandleAsync(
        Request request, Caller caller, Runs runs, RunDesk desk, SkuDesk skus, TimeProvider time, CancellationToken ct)
    {
        var sku = request.Sku is null ? null : await skus.FindAsync(caller.Tenant, request.Sku, ct).ConfigureAwait(false);
        var check = new Check()
            .That(request.Sku is null || sku is not null, "sku", "There is no such SKU.")
            .That(!request.Repair || request.PreviewRunId is not null, "previewRunId", "A repair needs the replay run that found the differences.")
            .That(request.Repair || request.PreviewRunId is null, "previewRunId", "Only a repair follows an earlier run.")
            .That(!request.Repair || request.Sku is null, "sku", "A repair takes the SKUs that its preview found.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var parameters = new Parameters(sku?.Id, false, null, null, caller.Name);
        if (request.PreviewRunId is { } previewId)
        {
            var preview = await desk.FindAsync(caller.Tenant, previewId, ct).ConfigureAwait(false);
            if (preview is not { Kind: "replay", Status: "succeeded", Result: { } result } || !result.TryGetProperty("differingSkuIds", out var ids))
            {
                return (Refused)Problem.Invalid("previewRunId", "Not a finished replay run without repair.");
            }

            if (preview.CreatedAt < time.GetUtcNow() - PreviewAge || ids.GetArrayLength() == 0)
            {
                return (Refused)new Problem(
                    ProblemKind.StateConflict, ids.GetArrayLength() == 0 ? "That run found nothing to repair." : "That run is older than a day; replay again first.");
            }

            parameters = parameters with { Repair = true, PreviewRunId = previewId, SkuIds = [.. ids.EnumerateArray().Select(id => id.GetInt64())] };
        }

        return await runs.QueueAsync(null, "replay", parameters, ct).ConfigureAwait(false);
    }
}
