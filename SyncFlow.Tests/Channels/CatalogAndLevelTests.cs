using Shouldly;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core.Faults;
using SyncFlow.Simulator.Worlds;
using Xunit;
using static SyncFlow.Tests.Channels.ShopStand;

namespace SyncFlow.Tests.Channels;

public sealed class CatalogAndLevelTests
{
    [Fact]
    public async Task A_shop_tells_its_name_plan_versions_and_locations()
    {
        await using var stand = await StartAsync();

        var shop = (await stand.Client.ReadShopAsync(CancellationToken.None)).Value!;
        var locations = (await stand.Client.ReadLocationsAsync(CancellationToken.None)).Value;

        (shop.Domain, shop.Plus).ShouldBe((stand.Shop.Domain, true));
        shop.SupportedVersions.ShouldContain("2026-10");
        locations.Select(l => l.Ref).ShouldBe(stand.Shop.Locations.Select(l => Text(l.Id)), ignoreOrder: true);
    }

    [Fact]
    public async Task A_catalog_is_read_in_pages_with_everything_a_mapping_needs()
    {
        await using var stand = await StartAsync(o => o with { Skus = 300 });
        stand.Shop.Variants[0].IsBundleParent = true;
        stand.Shop.Variants[1].ContinueSelling = true;
        stand.Shop.Variants[2].Tracked = false;

        var items = await AllAsync(stand);

        items.Count.ShouldBe(stand.Shop.Variants.Count);
        var first = items.Single(i => i.VariantRef == Text(stand.Shop.Variants[0].Id));
        first.IsBundle.ShouldBeTrue();
        (first.ItemRef, first.ProductRef, first.Sku).ShouldBe((
            Text(stand.Shop.Variants[0].ItemId), Text(stand.Shop.Variants[0].ProductId), stand.Shop.Variants[0].Sku));
        items.Single(i => i.VariantRef == Text(stand.Shop.Variants[1].Id)).OversellAllowed.ShouldBeTrue();
        items.Single(i => i.VariantRef == Text(stand.Shop.Variants[2].Id)).Tracked.ShouldBeFalse();
        (await stand.Client.ReadProductAsync(first.ProductRef, CancellationToken.None)).Value.ShouldContain(first);
        (await stand.Client.ReadItemAsync(first.ItemRef, CancellationToken.None)).Value.ShouldBe([first]);
        (await stand.Client.ReadProductAsync("1", CancellationToken.None)).Value.ShouldBeEmpty();
    }

    [Fact]
    public async Task Above_two_thousand_items_a_bulk_operation_takes_over_and_each_item_comes_once()
    {
        await using var stand = await StartAsync(o => o with { Skus = 2_500, Stores = 1 });

        var items = await AllAsync(stand);

        items.Count.ShouldBeGreaterThanOrEqualTo(2_500);
        items.Select(i => i.VariantRef).Order().ShouldBe(stand.Shop.Variants.Select(v => Text(v.Id)).Order());
        stand.Shop.BulkOperations.Count.ShouldBe(1);
        items.Select(i => i.ProductRef).Order().ShouldBe(stand.Shop.Variants.Select(v => Text(v.ProductId)).Order());
    }

    [Fact]
    public void A_bulk_result_whose_product_is_missing_is_not_whole()
    {
        var lines = new BulkCatalogLines();
        var into = System.Collections.Immutable.ImmutableArray.CreateBuilder<CatalogItem>();
        const string Variant = """{"id":"gid://shopify/ProductVariant/2","sku":null,"title":"Default Title","inventoryPolicy":"DENY","requiresComponents":false,"inventoryItem":{"id":"gid://shopify/InventoryItem/3","tracked":true},"__parentId":"gid://shopify/Product/1"}""";

        lines.Take(Variant, into).ShouldBeNull();
        into.ShouldBeEmpty();
        new BulkCatalogLines().Take("{", into)!.Code.ShouldBe("BULK_LINE");
        lines.Finish(into)!.Code.ShouldBe("BULK_LINE");
        lines.Take("""{"id":"gid://shopify/Product/1","title":"Boot","status":"ACTIVE"}""", into).ShouldBeNull();
        lines.Finish(into).ShouldBeNull();
        into.Single().ShouldBe(new CatalogItem("2", "3", "1", null, "Boot", true, false, false, false));
    }

    /// <summary>They would fail the statement that keeps the page, and with it every product on it.</summary>
    [Fact]
    public async Task Texts_that_no_database_can_keep_stop_no_catalog_and_match_no_other_code()
    {
        await using var stand = await StartAsync(o => o with { Skus = 30, Stores = 1 });
        var (nul, variant) = (stand.Shop.Variants[3], stand.Shop.Variants[5]);
        stand.Shop.ProductById(nul.ProductId)!.Title = "Tent\0 for two";
        (variant.Sku, variant.Title) = ("SKU\0", "Large\0");

        var items = await AllAsync(stand);

        items.Count.ShouldBe(stand.Shop.Variants.Count);
        items.ShouldAllBe(i => !i.Title.Contains('\0') && (i.Sku == null || !i.Sku.Contains('\0')));
        items.Single(i => i.VariantRef == Text(nul.Id)).Title.ShouldStartWith("Tent\uFFFD for two");
        items.Single(i => i.VariantRef == Text(variant.Id)).Sku.ShouldBe("SKU\uFFFD", "without the sign it may be another product's code");
    }

    [Fact]
    public void Half_a_character_in_a_bulk_result_is_shown_as_it_was_written()
    {
        var lines = new BulkCatalogLines();
        var into = System.Collections.Immutable.ImmutableArray.CreateBuilder<CatalogItem>();
        lines.Take("""{"id":"gid://shopify/Product/1","title":"Boot \ud83e","status":"ACTIVE"}""", into).ShouldBeNull();
        lines.Take("""{"id":"gid://shopify/ProductVariant/2","sku":"B\u0000","title":"Default Title","inventoryPolicy":"DENY","requiresComponents":false,"inventoryItem":{"id":"gid://shopify/InventoryItem/3","tracked":true},"__parentId":"gid://shopify/Product/1"}""", into).ShouldBeNull();
        into.Single().ShouldBe(new CatalogItem("2", "3", "1", "B\uFFFD", "Boot \\ud83e", true, false, false, false));
    }

    [Fact]
    public async Task Levels_are_read_with_all_states_per_pair_in_the_order_asked()
    {
        await using var stand = await StartAsync(o => o with { Skus = 400 });
        stand.Sandbox.Place(stand.Shop, 2);
        var asked = Enumerable.Range(0, 400).Reverse().Select(stand.Ref).Append(new LevelRef("77", stand.Ref(0).ExternalLocation)).ToList();

        var read = (await stand.Client.ReadLevelsAsync(asked, CancellationToken.None)).Value;

        read.Select(a => a.Level).ShouldBe(asked);
        read[^1].Values.ShouldBeNull();
        foreach (var (answer, level) in read.SkipLast(1).Zip(asked.SkipLast(1).Select((_, i) => SyncFlow.Tests.Simulator.Sandbox.Item(stand.Shop, 399 - i).Level)))
        {
            var values = answer.Values!;
            (values.Available, values.OnHand, values.Committed, values.Active).ShouldBe(
                (level[StockState.Available], level[StockState.OnHand], level[StockState.Committed], true));
        }

        stand.Sandbox.World.Stats["apiCalls.ok"].ShouldBe(3);
    }

    [Fact]
    public async Task An_item_is_activated_with_its_units_and_a_second_time_refused()
    {
        await using var stand = await StartAsync();
        var location = stand.Shop.Locations[1];
        var item = stand.Shop.Variants[0];
        var level = new LevelRef(Text(item.ItemId), Text(location.Id));
        if (stand.Shop.Level(item.ItemId, location.Id) is { IsActive: true } active)
        {
            stand.Sandbox.World.Change(stand.Shop, (changes, now) => stand.Shop.Deactivate(item.ItemId, location.Id, now, changes)).ShouldBeNull();
            active.IsActive.ShouldBeFalse();
        }

        var done = await stand.Client.ActivateAsync(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), level, 9, CancellationToken.None);
        var again = await stand.Client.ActivateAsync(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), level, 5, CancellationToken.None);

        (done.Value!.Values!.Active, done.Value.Values.Available).ShouldBe((true, 9));
        (again.Fault!.Kind, again.Fault.Code).ShouldBe((ChannelFaultKind.Rejected, "ACTIVATE_REFUSED"));
    }

    [Fact]
    public async Task Webhooks_are_created_kept_repaired_and_strays_deleted()
    {
        await using var stand = await StartAsync();
        var here = new Uri("http://127.0.0.1:9/hooks");
        string[] topics = ["orders/create", "inventory_levels/update", "app/uninstalled"];

        var first = (await stand.Client.EnsureWebhooksAsync(here, topics, CancellationToken.None)).Value;
        var second = (await stand.Client.EnsureWebhooksAsync(here, topics, CancellationToken.None)).Value;
        var moved = (await stand.Client.EnsureWebhooksAsync(new Uri("http://127.0.0.1:9/new"), topics[..2], CancellationToken.None)).Value;

        first.Select(c => (c.Topic, c.Action)).ShouldBe(topics.Select(t => (t, WebhookAction.Created)));
        second.ShouldAllBe(c => c.Action == WebhookAction.Kept);
        moved.Select(c => (c.Topic, c.Action)).ShouldBe(
            [(topics[0], WebhookAction.Repaired), (topics[1], WebhookAction.Repaired), (topics[2], WebhookAction.Deleted)]);
        stand.Shop.Subscriptions.Values.Select(s => s.Uri).ShouldBe(["http://127.0.0.1:9/new", "http://127.0.0.1:9/new"]);
    }

    [Fact]
    public async Task Two_that_subscribe_at_once_both_succeed_and_every_topic_is_there_once()
    {
        await using var stand = await StartAsync();
        var here = new Uri("http://127.0.0.1:9/hooks");
        string[] topics = ["orders/create", "orders/updated", "inventory_levels/update", "app/uninstalled"];

        var both = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => stand.Client.EnsureWebhooksAsync(here, topics, CancellationToken.None)));

        both.ShouldAllBe(b => b.Succeeded && b.Value.Select(c => c.Topic).Distinct().Count() == topics.Length);
        both.SelectMany(b => b.Value).Count(c => c.Action == WebhookAction.Created).ShouldBe(topics.Length);
        stand.Shop.Subscriptions.Count.ShouldBe(topics.Length);
    }

    private static async Task<List<CatalogItem>> AllAsync(ShopStand stand)
    {
        var items = new List<CatalogItem>();
        await foreach (var page in stand.Client.ReadCatalogAsync(CancellationToken.None))
        {
            items.AddRange(page.Value);
        }

        return items;
    }
}
