using System.Collections.Immutable;
using System.Text.Json;
using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify;

// Webhook subscriptions.
public sealed partial class ShopifyClient
{
    private const int SubscriptionsPerPage = 100;
    private const string WebhookRefused = "WEBHOOK_REFUSED";

    /// <summary>
    /// Makes the shop's subscriptions of this app exactly the ones wanted: one per topic, to this address, without
    /// filter. Shopify shows an app only its own subscriptions, so all others it shows are strays. Safe to repeat.
    /// </summary>
    /// <param name="topics">As in webhook headers, for example <c>orders/create</c>.</param>
    public async Task<ChannelResult<ImmutableArray<WebhookChange>>> EnsureWebhooksAsync(
        Uri callback, IReadOnlyList<string> topics, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(callback);
        ArgumentNullException.ThrowIfNull(topics);
        var changes = ImmutableArray.CreateBuilder<WebhookChange>();
        var fault = await EnsureOnceAsync(callback, topics, changes, cancel);

        // Another process may be at the same, topic by topic: what is there now decides. One of two that meet gets on each time.
        for (var left = topics.Count; left > 0 && fault is { Code: WebhookRefused }; left--)
        {
            fault = await EnsureOnceAsync(callback, topics, changes, cancel);
        }

        return fault is null ? changes.ToImmutable() : fault;
    }

    /// <summary>Carries out what the subscriptions that are there lack; answers why it could not, null where it could.</summary>
    /// <param name="changes">Takes what was done, one entry for each topic.</param>
    private async Task<ChannelFault?> EnsureOnceAsync(
        Uri callback, IReadOnlyList<string> topics, ImmutableArray<WebhookChange>.Builder changes, CancellationToken cancel)
    {
        var existing = await ReadSubscriptionsAsync(cancel);
        if (!existing.Succeeded)
        {
            return existing.Fault;
        }

        var before = changes.Select(c => c.SubscriptionRef).ToHashSet();
        foreach (var step in WebhookPlan.Of(existing.Value, callback.AbsoluteUri, topics))
        {
            if (step is { Action: WebhookAction.Kept, Ref: { } kept } && before.Contains(kept))
            {
                continue;
            }

            var done = await CarryOutAsync(step, callback, cancel);
            if (!done.Succeeded)
            {
                return done.Fault;
            }

            changes.Add(new WebhookChange(WebhookPlan.HeaderTopic(step.Topic), step.Action, done.Value));
        }

        return null;
    }

    private async Task<ChannelResult<List<WebhookPlan.Subscription>>> ReadSubscriptionsAsync(CancellationToken cancel)
    {
        var all = new List<WebhookPlan.Subscription>();
        var pages = PagesAsync(
            ShopifyOperation.Named("Webhooks"), [], SubscriptionsPerPage, 20, BudgetUse.Publish,
            data => data.GetProperty("webhookSubscriptions"),
            node => new WebhookPlan.Subscription(
                Ref(node), Text(node, "topic"), Text(node, "uri"), node.GetProperty("filter").GetString()),
            cancel);
        await foreach (var page in pages)
        {
            if (!page.Succeeded)
            {
                return page.Fault;
            }

            all.AddRange(page.Value);
        }

        return all;
    }

    /// <summary>Carries one step out; answers the subscription's id.</summary>
    private async Task<ChannelResult<string>> CarryOutAsync(WebhookPlan.Step step, Uri callback, CancellationToken cancel)
    {
        var id = step.Ref is null ? null : ShopifyIds.Gid("WebhookSubscription", step.Ref);
        var subscription = new { uri = callback.AbsoluteUri, filter = (string?)null };
        return step.Action switch
        {
            WebhookAction.Kept => step.Ref!,
            WebhookAction.Created => await AskAsync(
                ShopifyOperation.Named("WebhookCreate"), new { topic = step.Topic, subscription }, MutationCost,
                BudgetUse.Publish, data => Subscribed(data.GetProperty("webhookSubscriptionCreate")), cancel),
            WebhookAction.Repaired => await AskAsync(
                ShopifyOperation.Named("WebhookUpdate"), new { id, subscription }, MutationCost, BudgetUse.Publish,
                data => Subscribed(data.GetProperty("webhookSubscriptionUpdate")), cancel),
            WebhookAction.Deleted => await AskAsync<string>(
                ShopifyOperation.Named("WebhookDelete"), new { id }, MutationCost, BudgetUse.Publish,
                data => ShopifyFaults.OfUserErrors(data.GetProperty("webhookSubscriptionDelete"), WebhookRefused) is { } refused
                    ? refused
                    : step.Ref!,
                cancel),
        };
    }

    private static ChannelResult<string> Subscribed(JsonElement payload) =>
        ShopifyFaults.OfUserErrors(payload, WebhookRefused) is { } refused
            ? refused
            : Ref(payload.GetProperty("webhookSubscription"));
}
