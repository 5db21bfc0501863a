using System.Collections.Immutable;
using System.Globalization;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core;
using SyncFlow.Core.Publishing;
using SyncFlow.Simulator;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Tests.Simulator;

namespace SyncFlow.Tests.Channels;

/// <summary>The adapter's client in front of a store of the sandbox, over real HTTP.</summary>
internal sealed class ShopStand : IAsyncDisposable
{
    private readonly HttpClient _http;

    private ShopStand(Sandbox sandbox, HttpMessageHandler? handler)
    {
        Sandbox = sandbox;
        Shop = sandbox.Main;
        _http = handler is null ? new HttpClient() : new HttpClient(handler);
        Budget = new CostBudget(TimeProvider.System.GetUtcNow());
        Client = ClientWith(Shop.AccessToken);
    }

    internal Sandbox Sandbox { get; }

    internal Shop Shop { get; }

    internal CostBudget Budget { get; }

    internal ShopifyClient Client { get; }

    internal static async Task<ShopStand> StartAsync(
        Func<SimulatorOptions, SimulatorOptions>? change = null, HttpMessageHandler? handler = null) =>
        new(await Sandbox.StartAsync(change), handler);

    internal ShopifyClient ClientWith(string token, string? shop = null, TimeSpan? timeout = null) => new(
        _http, new ShopifyAccess(shop ?? Shop.Domain, Sandbox.Host.ShopifyBaseUrlTemplate, "2026-10", token), Budget, TimeProvider.System)
    {
        AnswerTimeout = timeout ?? TimeSpan.FromSeconds(30),
    };

    internal static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);

    internal PushElement Element(int item, int to, int? from = null)
    {
        var (variant, level) = Sandbox.Item(Shop, item);
        return new PushElement(
            new SkuId(item + 1), new LevelId(item + 1), 1, Text(variant.ItemId), Text(level.LocationId),
            from ?? level[StockState.Available], to, null);
    }

    internal LevelRef Ref(int item)
    {
        var (variant, level) = Sandbox.Item(Shop, item);
        return new LevelRef(Text(variant.ItemId), Text(level.LocationId));
    }

    internal int Shown(int item) => Sandbox.Item(Shop, item).Level[StockState.Available];

    internal static Push PushOf(params PushElement[] elements)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new Push(Guid.CreateVersion7(now), new ConnectionId(1), [.. elements], now, now.AddMinutes(10));
    }

    internal Task<SyncFlow.Core.Faults.ChannelResult<ImmutableArray<ElementAnswer>>> SendAsync(Push push) =>
        Client.SendSetAsync(push.Id, ShopifyClient.PrepareSetBody(push), push, CancellationToken.None);

    /// <summary>Pages of orders by name; a fault fails the test.</summary>
    internal async Task<List<OrderPage>> ReadAllAsync(params string[] orders)
    {
        var pages = new List<OrderPage>();
        await foreach (var page in Client.ReadOrdersByIdAsync(orders, BudgetUse.Publish, CancellationToken.None))
        {
            pages.Add(page.Succeeded ? page.Value : throw new InvalidOperationException(page.Fault.Message));
        }

        return pages;
    }

    /// <summary>One order by name.</summary>
    internal async Task<OrderPage> ReadAsync(string order) => (await ReadAllAsync(order)).Single();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Sandbox.DisposeAsync();
    }
}
