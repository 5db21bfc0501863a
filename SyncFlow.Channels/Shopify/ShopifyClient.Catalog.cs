using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;
using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify;

// Reading the catalog.
public sealed partial class ShopifyClient
{
    /// <summary>Variants read page by page before a bulk operation takes over.</summary>
    public const int BulkAbove = 2_000;

    private const int VariantsPerPage = 250;
    private const int CatalogCost = 60;

    /// <summary>
    /// All variants in pages, each variant once; a fault ends the reading. A shop with more than <see cref="BulkAbove"/>
    /// is read by a bulk operation from there on.
    /// </summary>
    public async IAsyncEnumerable<ChannelResult<ImmutableArray<CatalogItem>>> ReadCatalogAsync(
        [EnumeratorCancellation] CancellationToken cancel)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var pages = PagesAsync(
            ShopifyOperation.Named("Catalog"), [], VariantsPerPage, CatalogCost, BudgetUse.Publish,
            data => data.GetProperty("productVariants"), Variant, cancel);
        var whole = true;
        await foreach (var page in pages)
        {
            if (!page.Succeeded)
            {
                yield return page;
                yield break;
            }

            if (seen.Count >= BulkAbove)
            {
                whole = false;
                break;
            }

            seen.UnionWith(page.Value.Select(item => item.VariantRef));
            yield return page;
        }

        if (whole)
        {
            yield break;
        }

        await foreach (var page in ReadCatalogInBulkAsync(cancel))
        {
            yield return page.Succeeded
                ? page.Value.Where(item => seen.Add(item.VariantRef)).ToImmutableArray()
                : page;
        }
    }

    /// <summary>The variants of one product; empty when the shop has it no longer.</summary>
    public Task<ChannelResult<ImmutableArray<CatalogItem>>> ReadProductAsync(string productRef, CancellationToken cancel) =>
        ReadVariantsAsync("CatalogOfProduct", "product", ShopifyIds.Gid("Product", productRef), cancel);

    /// <summary>The variants that share one stock item; empty when the shop has it no longer.</summary>
    public Task<ChannelResult<ImmutableArray<CatalogItem>>> ReadItemAsync(string itemRef, CancellationToken cancel) =>
        ReadVariantsAsync("CatalogOfItem", "inventoryItem", ShopifyIds.Gid("InventoryItem", itemRef), cancel);

    private async Task<ChannelResult<ImmutableArray<CatalogItem>>> ReadVariantsAsync(
        string operation, string owner, string gid, CancellationToken cancel)
    {
        var items = ImmutableArray.CreateBuilder<CatalogItem>();
        var pages = PagesAsync(
            ShopifyOperation.Named(operation), new() { ["id"] = gid }, VariantsPerPage, CatalogCost, BudgetUse.Publish,
            data => Maybe(data, owner) is { } found ? Maybe(found, "variants") : null, Variant, cancel);
        await foreach (var page in pages)
        {
            if (!page.Succeeded)
            {
                return page.Fault;
            }

            items.AddRange(page.Value);
        }

        return items.ToImmutable();
    }

    private static CatalogItem Variant(JsonElement variant) => CatalogReading.Item(variant, CatalogReading.Product(variant.GetProperty("product")));
}
