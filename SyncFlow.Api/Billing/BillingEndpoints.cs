using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Operations;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Billing;

namespace SyncFlow.Api.Billing;

/// <summary>How the merchant stands, what was used, and what is subscribed.</summary>
internal sealed class GetBilling : IEndpoint
{
    /// <param name="Billed">Whether anybody bills here; where not, everything is allowed.</param>
    /// <param name="Standing">How the merchant stands; null where nothing is billed or was decided yet.</param>
    internal sealed record Answer(bool Billed, StandingView? Standing, UsageView Usage, IReadOnlyList<SubscriptionView> Subscriptions);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/billing", HandleAsync)
            .WithName("GetBilling").WithTags("Billing").Needs(Permission.BillingRead).WithSummary("Tells plan, trial or grace, use of this period and subscriptions.");
        routes.MapGet("/billing/usage", UsageAsync)
            .WithName("GetUsage").WithTags("Billing").Needs(Permission.BillingRead).WithSummary("Tells the use of the period of 30 days that holds a moment (now when left out), and a recount of its ledger.");
    }

    private static async Task<Ok<Answer>> HandleAsync(Caller caller, BillingDesk desk, TimeProvider time, CancellationToken ct)
    {
        var standing = await desk.StandingAsync(caller.Tenant, ct).ConfigureAwait(false);
        return TypedResults.Ok(new Answer(
            standing is not null, standing,
            await desk.UsageAsync(caller.Tenant, time.GetUtcNow(), ct).ConfigureAwait(false),
            await desk.SubscriptionsAsync(caller.Tenant, ct).ConfigureAwait(false)));
    }

    private static async Task<Ok<UsageView>> UsageAsync(DateTimeOffset? at, Caller caller, BillingDesk desk, TimeProvider time, CancellationToken ct) =>
        TypedResults.Ok(await desk.UsageAsync(caller.Tenant, at ?? time.GetUtcNow(), ct).ConfigureAwait(false));
}

/// <summary>Choosing a plan, ending it, and asking Shopify how it stands: each a run of the worker's.</summary>
internal sealed class ChangeBilling : IEndpoint
{
    private const int LongestPlan = 60;

    private const decimal MostCap = 100_000m;

    /// <param name="Plan">Id of the plan.</param>
    /// <param name="Cap">The most to pay for use beyond it in 30 days; the plan's proposal when left out.</param>
    internal sealed record SubscribeRequest(string? Plan, decimal? Cap = null);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/billing/subscribe", SubscribeAsync)
            .WithName("Subscribe").WithTags("Billing").Needs(Permission.BillingManage).WithSummary("Offers a plan; the run's result says where the merchant approves it.");
        routes.MapPost("/billing/cancel", (Runs runs, CancellationToken ct) => runs.QueueAsync(null, "billing-cancel", new { }, ct))
            .WithName("CancelSubscription").WithTags("Billing").Needs(Permission.BillingManage).WithSummary("Ends the present subscription; the grace begins.");
        routes.MapPost("/billing/refresh", (Runs runs, CancellationToken ct) => runs.QueueAsync(null, "billing-refresh", new { }, ct))
            .WithName("RefreshBilling").WithTags("Billing").Needs(Permission.BillingManage).WithSummary("Asks Shopify now how the subscription stands.");
    }

    private static async Task<Results<Accepted<RunAccepted>, Refused>> SubscribeAsync(SubscribeRequest request, Runs runs, CancellationToken ct)
    {
        var check = new Check().Text(request.Plan, "plan", LongestPlan)
            .That(request.Cap is null or (> 0 and <= MostCap), "cap", $"More than 0 and at most {MostCap}.");
        return check.Failed(out var refused)
            ? refused
            : await runs.QueueAsync(null, "billing-subscribe", request, ct).ConfigureAwait(false);
    }
}
