using System.Text.Json;
using SyncFlow.Core.Billing;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Work;
using SyncFlow.Worker.Connections;
using SyncFlow.Worker.Runs;

namespace SyncFlow.Worker.Billing;

/// <summary>What a merchant asks of billing: to choose another plan, or to end it. Both need a call to the provider.</summary>
internal sealed class BillingRuns(IBillingProvider? provider, SubscriptionStore subscriptions, BillingCycle cycle, BillingOptions options)
{
    /// <summary>Offers a plan; the result says where the merchant approves it. Until then the present one holds.</summary>
    public async Task<string> SubscribeAsync(ClaimedRun run, JsonElement parameters, CancellationToken ct)
    {
        var (bills, shop) = await ReadyAsync(run, ct).ConfigureAwait(false);
        var wanted = parameters.GetProperty("plan").GetString();
        var plan = options.Terms.Plans.FirstOrDefault(p => p.Id == wanted)
            ?? throw new RunRefusedException($"There is no plan '{wanted}'. One of: {string.Join(", ", options.Terms.Plans.Select(p => p.Id))}.");
        decimal? cap = parameters.TryGetProperty("cap", out var given) && given.ValueKind == JsonValueKind.Number ? given.GetDecimal() : plan.Overage?.Cap;
        var page = (await bills.OfferAsync(shop, plan, cap, ct).ConfigureAwait(false)).OrThrow("offer");
        await cycle.RunAsync(run.Tenant, ask: true, ct).ConfigureAwait(false);
        return JsonSerializer.Serialize(new { plan = plan.Id, confirmationUrl = page.AbsoluteUri });
    }

    /// <summary>Ends the present subscription; grace begins.</summary>
    public async Task<string> CancelAsync(ClaimedRun run, CancellationToken ct)
    {
        var (bills, shop) = await ReadyAsync(run, ct).ConfigureAwait(false);
        var present = (await subscriptions.ListAsync(run.Tenant, ct).ConfigureAwait(false))
            .Where(s => s.Status is SubscriptionStatus.Active or SubscriptionStatus.Frozen).MaxBy(s => s.StatusSince)
            ?? throw new RunRefusedException("There is no subscription to end.");
        (await bills.CancelAsync(shop, present, ct).ConfigureAwait(false)).OrThrow("cancel");
        var now = await cycle.RunAsync(run.Tenant, ask: true, ct).ConfigureAwait(false);
        return JsonSerializer.Serialize(new { ended = present.Plan, until = now?.Until });
    }

    /// <summary>Asks the provider now instead of within a quarter of an hour: a merchant has just come back from approving.</summary>
    public async Task<string> RefreshAsync(ClaimedRun run, CancellationToken ct)
    {
        await ReadyAsync(run, ct).ConfigureAwait(false);
        var now = await cycle.RunAsync(run.Tenant, ask: true, ct).ConfigureAwait(false);
        return JsonSerializer.Serialize(new { standing = now?.Standing.ToString(), plan = now?.Plan.Id });
    }

    private async Task<(IBillingProvider Provider, BillingShop Shop)> ReadyAsync(ClaimedRun run, CancellationToken ct) =>
        provider is null ? throw new RunRefusedException("Nobody is billed here.")
        : await subscriptions.ShopAsync(run.Tenant, ct).ConfigureAwait(false) is { } shop ? (provider, shop)
        : throw new RunRefusedException("Connect a store first: bills go through it.");
}
