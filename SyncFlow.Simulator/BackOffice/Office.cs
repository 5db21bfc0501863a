using System.Net.Http.Headers;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.BackOffice;

/// <summary>Runs the retailer's other systems: none until somebody says where they stand in SyncFlow.</summary>
public sealed class Office(World world, int seed) : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _client = new();
    private volatile OfficeFlow? _flow;
    private volatile bool _drain;
    private Task _running = Task.CompletedTask;

    /// <summary>Whether systems work.</summary>
    public bool IsOpen => _flow is not null;

    /// <summary>Opens their books with what the main store has now.</summary>
    /// <exception cref="InvalidOperationException">They are open.</exception>
    public void Open(OfficeSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (_flow is not null)
        {
            throw new InvalidOperationException("The back office is open.");
        }

        var flow = new OfficeFlow(world, settings, new Random(seed));
        _flow = flow;
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", settings.ApiKey);
        _running = Task.WhenAll(RunAsync(flow), PushAsync(flow));
    }

    /// <summary>Nothing new begins, and what was begun is finished: all is shipped, posted and sent.</summary>
    public void Drain() => _drain = true;

    /// <summary>Puts the ERP back to an earlier state; returns how many rows it lost.</summary>
    public int RestoreErp(int lost) => _flow?.RestoreErp(lost) ?? 0;

    /// <summary>The main store's places: what the ERP and the warehouse call them, and what the store does.</summary>
    public IReadOnlyList<OfficePlace> Places =>
        [.. world.Shops[0].Locations.Select((location, index) => new OfficePlace(OfficeFlow.PlaceOf(index), location.Name))];

    /// <summary>The systems as they stand.</summary>
    public IReadOnlyList<OfficeView> Views => _flow is not { } flow ? [] :
    [
        View(flow, flow.Erp, flow.Settings.Erp, flow.Pending.Postings), View(flow, flow.Wms, flow.Settings.Wms, flow.Pending.Orders),
        View(flow, flow.Pos, flow.Settings.Pos, flow.Receipts.Count), View(flow, flow.ThreePl, flow.Settings.ThreePl, 0),
    ];

    internal OfficeSystem? Find(string name) => _flow?.All.FirstOrDefault(s => s.Name == name);

    internal void Hear(Shop shop, ShopNotice notice) => _flow?.Hear(shop, notice);

    /// <summary>Ends their work.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _client.Dispose();
    }

    private static OfficeView View(OfficeFlow flow, OfficeSystem system, OfficeSource source, int pending) => new(
        system.Name, source.SourceId, system.Rows, pending, system.Tasks.Sum(t => t.Open), flow.OutagesOf(system),
        [.. system.Stock.Select(s => new OfficeStock(s.Sku, s.Location, s.Units))]);

    private async Task RunAsync(OfficeFlow flow)
    {
        using var timer = new PeriodicTimer(Every, world.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                flow.Tick(_drain);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The sandbox ends.
        }
    }

    /// <summary>Tills send their receipts, a batch at a time, until each is taken: again and again under the same ids.</summary>
    private async Task PushAsync(OfficeFlow flow)
    {
        var unsent = new List<OfficeRow>();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(flow.Settings.PushEveryMs), world.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                while (unsent.Count < 1_000 && flow.Receipts.TryPeek(out var one))
                {
                    unsent.Add(one);
                    flow.Receipts.TryDequeue(out _);
                }

                if (unsent.Count == 0 || flow.Pos.IsDown)
                {
                    continue;
                }

                if (await SendAsync(flow, unsent))
                {
                    unsent.Clear();
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The sandbox ends.
        }
    }

    private async Task<bool> SendAsync(OfficeFlow flow, List<OfficeRow> receipts)
    {
        try
        {
            using var answer = await _client.PostAsJsonAsync(
                new Uri(flow.Settings.ApiUrl, $"/api/v1/sources/{flow.Settings.Pos.SourceId}/events"), new { events = receipts.Select(r => OfficeFeeds.Row(flow.Pos, r)) }, _stop.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            world.Stats.Count("tillPushes.failed");
            return false;
        }
    }
}
