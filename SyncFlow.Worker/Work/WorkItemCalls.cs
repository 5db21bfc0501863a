using SyncFlow.Channels;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Inbox;
using SyncFlow.Worker.Billing;
using SyncFlow.Worker.Connections;
using SyncFlow.Worker.Verifying;

namespace SyncFlow.Worker.Work;

/// <summary>The calls behind work items: what they read goes into the inbox or the catalog.</summary>
internal sealed class WorkItemCalls(
    InboxFeed feed, ChannelCatalogStore catalog, CatalogLife life, PlaceLife places, AccessCare access, BillingCycle billing, WorkerOptions options,
    TimeProvider time)
{
    /// <summary>Whether items of a kind are asked for together.</summary>
    public static bool Batches(WorkKind kind) => kind == WorkKind.FetchOrder;

    /// <summary>Makes the calls of items of one kind: of many where the kind <see cref="Batches"/>, else of one.</summary>
    /// <exception cref="ChannelFaultException">The channel did not answer.</exception>
    public Task CallAsync(ChannelLink link, WorkKind kind, IReadOnlyList<string> references, CancellationToken ct) =>
        Batches(kind) ? FetchOrdersAsync(link, references, ct) : CallAsync(link, kind, references.Single(), ct);

    private Task CallAsync(ChannelLink link, WorkKind kind, string reference, CancellationToken ct) => kind switch
    {
        WorkKind.RefreshProduct => RefreshAsync(link, reference, isProduct: true, ct),
        WorkKind.RefreshItem => RefreshAsync(link, reference, isProduct: false, ct),
        WorkKind.RefreshLocations => RefreshLocationsAsync(link, ct),
        WorkKind.RefreshBilling => billing.RunAsync(link.Tenant, ask: true, ct),
        WorkKind.RefreshAccess => access.RefreshAsync(link, ct),
        WorkKind.RefreshCatalog => RefreshCatalogAsync(link, progress: null, ct),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No call for this kind of work."),
    };

    /// <summary>Reads the shop's locations and stores them.</summary>
    public async Task RefreshLocationsAsync(ChannelLink link, CancellationToken ct)
    {
        var locations = (await link.Client.ReadLocationsAsync(ct).ConfigureAwait(false)).OrThrow("locations");
        await catalog.PutLocationsAsync(
            link.Tenant, link.Id,
            [.. locations.Select(l => new ChannelLocation(l.Ref, l.Name, l.Active, l.FulfillsOnline))], ct).ConfigureAwait(false);
        await places.ReportAsync(link.Tenant, ct).ConfigureAwait(false);
    }

    /// <summary>Stores variants as read, with notices where a mapped one was given another SKU text.</summary>
    public async Task StoreItemsAsync(ChannelLink link, IReadOnlyList<CatalogItem> items, CancellationToken ct)
    {
        await catalog.PutItemsAsync(
            link.Tenant, link.Id,
            [
                .. items.Select(i => new ChannelItem(
                    i.VariantRef, i.ItemRef, i.ProductRef, i.Sku ?? "", i.Title, i.Tracked, i.OversellAllowed, i.IsBundle, i.Archived)),
            ],
            ct).ConfigureAwait(false);
        await life.NoticeRenamesAsync(link.Tenant, link.Id, [.. items.Select(i => i.VariantRef)], ct).ConfigureAwait(false);
    }

    /// <summary>Reads the whole catalog, page by page; variants that are not in it any more are archived. Returns how many it has.</summary>
    public async Task<int> RefreshCatalogAsync(ChannelLink link, Func<int, Task>? progress, CancellationToken ct)
    {
        var seen = new List<string>();
        await foreach (var page in link.Client.ReadCatalogAsync(ct).ConfigureAwait(false))
        {
            var items = page.OrThrow("catalog");
            await StoreItemsAsync(link, items, ct).ConfigureAwait(false);
            seen.AddRange(items.Select(i => i.VariantRef));
            if (progress is not null)
            {
                await progress(seen.Count).ConfigureAwait(false);
            }
        }

        await catalog.ArchiveAsync(link.Tenant, link.Id, null, null, seen, ct).ConfigureAwait(false);
        await life.FollowAsync(link.Tenant, link.Id, ct).ConfigureAwait(false);
        return seen.Count;
    }

    private async Task FetchOrdersAsync(ChannelLink link, IReadOnlyList<string> references, CancellationToken ct)
    {
        await foreach (var answer in link.Client.ReadOrdersByIdAsync(references, BudgetUse.Publish, ct).ConfigureAwait(false))
        {
            var page = answer.OrThrow("orders by id");

            // A named fetch is stored although it may say nothing new: it was asked for to settle a doubt. Its name says which order,
            // and of when, as FetchStore reads it.
            await feed.StoreAsync(
                link.Tenant,
                [
                    .. page.Orders.Select(o => new InboxEvent(
                        link.Tenant, link.Id, FetchTopics.Fetch, $"order:{o.OrderRef}:{o.UpdatedAt.UtcTicks}:{page.AskedAt.UtcTicks}", null, page.AskedAt,
                        time.GetUtcNow(), options.ShopifyApiVersion, ContentKinds.ShopifyOrder, o.Json)),
                ],
                ct).ConfigureAwait(false);
        }
    }

    private async Task RefreshAsync(ChannelLink link, string reference, bool isProduct, CancellationToken ct)
    {
        var items = isProduct
            ? (await link.Client.ReadProductAsync(reference, ct).ConfigureAwait(false)).OrThrow("product")
            : (await link.Client.ReadItemAsync(reference, ct).ConfigureAwait(false)).OrThrow("item");
        await StoreItemsAsync(link, items, ct).ConfigureAwait(false);
        await catalog.ArchiveAsync(
            link.Tenant, link.Id, isProduct ? reference : null, isProduct ? null : reference,
            [.. items.Select(i => i.VariantRef)], ct).ConfigureAwait(false);
        await life.FollowAsync(link.Tenant, link.Id, ct).ConfigureAwait(false);
    }
}
