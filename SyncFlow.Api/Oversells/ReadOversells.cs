using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core.Oversells;
using SyncFlow.Storage.Oversells;

namespace SyncFlow.Api.Oversells;

/// <summary>Shortages, newest first.</summary>
internal sealed class ListOversells : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/oversells", HandleAsync)
        .WithName("ListOversells").WithTags("Oversells").Needs(Permission.OversellsRead)
        .WithSummary("Lists oversells, optionally only open ones, of one state, cause or SKU.");

    private static async Task<Ok<Page<OversellView>>> HandleAsync(
        Caller caller, OversellDesk desk, [AsParameters] PageQuery page, bool? open, Word<OversellState>? state,
        Word<OversellCause>? cause, string? sku, CancellationToken ct)
    {
        var items = await desk.ListAsync(
            caller.Tenant, open, state?.Value, cause?.Value, sku, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }
}

/// <summary>One shortage with the chain of its causes, what is proposed and what is to be done.</summary>
internal sealed class GetOversell : IEndpoint
{
    /// <param name="Causes">The facts that made it, in order.</param>
    /// <param name="Proposal">How it could be settled; empty while that is being worked out.</param>
    /// <param name="Actions">What was confirmed.</param>
    /// <param name="Costs">What that costs, as it was booked.</param>
    internal sealed record Answer(
        OversellView Oversell, IReadOnlyList<OversellCauseView> Causes, IReadOnlyList<OversellStep> Proposal,
        IReadOnlyList<OversellActionView> Actions, IReadOnlyList<OversellCostView> Costs);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/oversells/{id:long}", HandleAsync)
        .WithName("GetOversell").WithTags("Oversells").Needs(Permission.OversellsRead)
        .WithSummary("Reads an oversell with the chain of its causes.");

    private static async Task<Results<Ok<Answer>, Refused>> HandleAsync(
        long id, Caller caller, OversellDesk desk, CancellationToken ct)
    {
        if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } found)
        {
            return (Refused)Problem.NotFound("oversell", id);
        }

        return TypedResults.Ok(new Answer(
            found,
            await desk.CausesAsync(caller.Tenant, id, ct).ConfigureAwait(false),
            await desk.ProposalAsync(caller.Tenant, id, ct).ConfigureAwait(false),
            await desk.ActionsAsync(caller.Tenant, id, null, null, null, PageQuery.MostItems, ct).ConfigureAwait(false),
            await desk.CostsAsync(caller.Tenant, id, ct).ConfigureAwait(false)));
    }
}

/// <summary>What settlements cost, by cause: which assumption broke, and what that was worth.</summary>
internal sealed class GetOversellCosts : IEndpoint
{
    internal sealed record Answer(DateTimeOffset Since, DateTimeOffset Until, IReadOnlyList<CauseCosts> Items);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/reports/oversell-costs", HandleAsync)
        .WithName("GetOversellCosts").WithTags("Oversells").Needs(Permission.OversellsRead)
        .WithSummary("What settled oversells cost, by cause and currency, in all or by day, week or month; the last 30 days when no time is named.");

    private static async Task<Results<Ok<Answer>, Refused>> HandleAsync(
        DateTimeOffset? since, DateTimeOffset? until, Word<CostPeriod>? period, Caller caller, OversellDesk desk, TimeProvider time, CancellationToken ct)
    {
        var to = until ?? time.GetUtcNow();
        var from = since ?? to.AddDays(-30);
        return from >= to
            ? (Refused)Problem.Invalid("since", "Earlier than 'until'.")
            : TypedResults.Ok(new Answer(
                from, to, await desk.ReportAsync(caller.Tenant, from, to, period?.Value ?? CostPeriod.Whole, ct).ConfigureAwait(false)));
    }
}
