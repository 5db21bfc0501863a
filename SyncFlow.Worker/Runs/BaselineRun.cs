using System.Text.Json;
using Npgsql;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Sessions;
using SyncFlow.Worker.Connections;
using SyncFlow.Worker.Verifying;

namespace SyncFlow.Worker.Runs;

/// <summary>
/// Takes the levels of a connection into service: open orders first, then levels, then the orders that changed
/// meanwhile, once every one of them must be visible; only then the readings count, and as exact ones.
/// </summary>
internal sealed class BaselineRun(
    InboxFeed feed, FetchStore fetches, LevelSweep sweep, ChannelStore channels,
    NpgsqlDataSource source, WorkerOptions options, TimeProvider time)
{
    private static readonly TimeSpan ApplyLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(30);

    public async Task<string?> RunAsync(ChannelLink link, bool openingStock, RunProgress progress, CancellationToken ct)
    {
        // Orders are dated by the shop's clock, so the moment it began is the shop's too; one answer tells it.
        (await link.Client.ReadShopAsync(ct).ConfigureAwait(false)).OrThrow("shop");
        var startedAt = link.Client.ShopTime;
        using var orders = new OrderFetch(feed, fetches, options, time);
        await progress.ReportAsync(0, null, "importing open orders", ct).ConfigureAwait(false);
        var (names, _) = await orders.StoreAsync(
            link, link.Client.ReadOpenOrdersAsync(ct), FetchTopics.Import, n => progress.ReportAsync(n, null, null, ct), ct).ConfigureAwait(false);
        await feed.WaitAsync(link.Tenant, link.Id, names, ApplyLimit, ct).ConfigureAwait(false);

        var kind = openingStock ? ReadingKind.OpeningBaseline : ReadingKind.Baseline;
        var (readings, missing) = await sweep.ReadAsync(link, MarkWish.Baseline, kind, progress, ct).ConfigureAwait(false);
        await Task.Delay(options.Verify.Lag, time, ct).ConfigureAwait(false);

        // An order that was over before we came is part of what was counted, so these too are read as imports; one that
        // was made since has taken its units off what was counted.
        var (changed, newest) = await orders.StoreAsync(
            link, link.Client.ReadOrdersUpdatedSinceAsync(startedAt - options.Verify.Lag - Slack, ct), FetchTopics.Import, null, ct, startedAt).ConfigureAwait(false);
        await feed.WaitAsync(link.Tenant, link.Id, changed, ApplyLimit, ct).ConfigureAwait(false);
        await progress.ReportAsync(readings.Count, readings.Count, "applying readings", ct).ConfigureAwait(false);
        await sweep.StoreAsync(link, readings, ct).ConfigureAwait(false);
        await fetches.AdvanceAsync(link.Tenant, link.Id, newest > startedAt ? newest.Value : startedAt, ct).ConfigureAwait(false);
        await using var session = await StorageSession.OpenAsync(source, link.Tenant, ct).ConfigureAwait(false);
        await channels.ChangeStatusAsync(
            session, link.Id, [ConnectionStatus.Connected], ConnectionStatus.Baselined, null, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return JsonSerializer.Serialize(new { levels = readings.Count, notStocked = missing.Count, orders = names.Count });
    }
}
