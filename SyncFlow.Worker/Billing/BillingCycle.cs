using System.Globalization;
using SyncFlow.Core;
using SyncFlow.Core.Billing;
using SyncFlow.Core.Faults;
using SyncFlow.Storage.Billing;

namespace SyncFlow.Worker.Billing;

/// <summary>
/// One round of billing for a tenant: count what was pushed, ask what is subscribed, charge what goes beyond, decide what
/// is allowed. Any number of workers may do it at once: use is counted by push, charges are planned by block and taken by
/// the provider once, and the decision is a function of what is stored.
/// </summary>
internal sealed class BillingCycle(
    UsageStore usage, SubscriptionStore subscriptions, StandingStore standings, IBillingProvider? provider, BillingOptions options,
    ILogger<BillingCycle> logger)
{
    /// <summary>Runs a round; returns what is allowed now, null where the tenant has no store.</summary>
    /// <param name="ask">Whether to ask the provider for the subscriptions; what is known of them holds otherwise.</param>
    public async Task<Entitlement?> RunAsync(TenantId tenant, bool ask, CancellationToken ct)
    {
        await usage.CollectAsync(tenant, ct).ConfigureAwait(false);
        if (provider is null || await subscriptions.ShopAsync(tenant, ct).ConfigureAwait(false) is not { } shop)
        {
            return null;
        }

        if (ask)
        {
            var told = await provider.ReadAsync(shop, ct).ConfigureAwait(false);
            WorkerMeter.Call("billing", told.Fault?.Kind.ToString() ?? "ok");
            if (told.Succeeded)
            {
                await subscriptions.PutAsync(shop, told.Value, ct).ConfigureAwait(false);
            }
            else
            {
                // Not knowing is no lapse: what was known holds on.
                Log.CallFault(logger, tenant.Value, shop.Connection.Value, "billing", told.Fault.Code, told.Fault.Message);
            }
        }

        await ChargeAsync(shop, ct).ConfigureAwait(false);
        return await standings.DecideAsync(tenant, options.Terms, shop.TenantSince, ct).ConfigureAwait(false);
    }

    /// <summary>Plans the blocks that were begun and makes the charges; one that is not answered is made again, under its key.</summary>
    private async Task ChargeAsync(BillingShop shop, CancellationToken ct)
    {
        var active = (await subscriptions.ListAsync(shop.Tenant, ct).ConfigureAwait(false))
            .Where(s => s.Status == SubscriptionStatus.Active).MaxBy(s => s.StatusSince);
        if (active is not null)
        {
            var chargeable = await usage.ChargeableAsync(shop.Tenant, active, options.Terms, ct).ConfigureAwait(false);
            await usage.PlanChargesAsync(
                shop.Tenant, [.. chargeable.SelectMany(period => UsageCharges.Begun(options.Terms.PlanOf(active.Plan), active, shop.Tenant, period))], ct).ConfigureAwait(false);
        }

        foreach (var charge in await usage.OpenChargesAsync(shop.Tenant, ct).ConfigureAwait(false))
        {
            var made = await provider!.ChargeAsync(shop, charge, ct).ConfigureAwait(false);
            WorkerMeter.Call("charge", made.Fault?.Kind.ToString() ?? "ok");
            if (made.Fault is { } fault && fault.Kind != ChannelFaultKind.Rejected)
            {
                Log.CallFault(logger, shop.Tenant.Value, shop.Connection.Value, "charge", fault.Code, fault.Message);
                return; // The rest waits with it; the key makes a repeat harmless.
            }

            await usage.SettleChargeAsync(shop.Tenant, charge, made.Value, made.Fault is { } refused ? $"{refused.Code}: {refused.Message}" : null, ct).ConfigureAwait(false);
        }
    }
}

/// <summary>The blocks of use that a period has begun under a subscription.</summary>
internal static class UsageCharges
{
    /// <summary>All of them, within the cap; each has one key for ever.</summary>
    public static IEnumerable<UsageCharge> Begun(BillingPlan plan, Subscription subscription, TenantId tenant, PeriodTerms terms)
    {
        if (plan.Overage is not { } more || subscription.UsageLine is not { } line)
        {
            yield break;
        }

        var (period, place) = (terms.Period, terms.Place);
        var blocks = Math.Min(plan.Blocks(terms.Usage), plan.Affordable(subscription.Cap, terms.Usage.Spent));
        for (var block = 1L; block <= blocks; block++)
        {
            yield return new UsageCharge(
                period, place, block, line, more.BlockSyncs, more.BlockPrice,
                string.Create(CultureInfo.InvariantCulture, $"usage:{tenant.Value}:{period.Start.UtcDateTime:yyyyMMddHHmmss}:{place}:{block}"));
        }
    }
}
