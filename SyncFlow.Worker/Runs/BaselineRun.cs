using System.Collections.Immutable;
using System.Text.Json;
using Npgsql;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Sessions;
using SyncFlow.Worker.Connections;
using SyncFlow.Worker.Publishing;
using SyncFlow.Worker.Verifying;

namespace SyncFlow.Worker.Runs;

/// <summary>
/// Takes the levels of a connection into service: open orders first, then levels, then the orders that changed
/// meanwhile, once every one of them must be visible; only then the readings count, and as exact ones.
/// </summary>
internal sealed class BaselineRun(
    InboxFeed feed, FetchStore fetches, LevelReader levels, LevelMarks marks, ChannelStore channels,
    NpgsqlDataSource source, WorkerOptions options, TimeProvider time)
{
    private static readonly TimeSpan ApplyLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(30);

    public async Task<string?> RunAsync(ChannelLink link, bool openingStock, RunProgress progress, CancellationToken ct)
    {
        var startedAt = time.GetUtcNow();
        using var orders = new OrderFetch(feed, fetches, options, time);
        await progress.ReportAsync(0, null, "importing open orders", ct).ConfigureAwait(false);
        var (names, _) = await orders.StoreAsync(
            link, link.Client.ReadOpenOrdersAsync(ct), "import", n => progress.ReportAsync(n, null, null, ct), ct).ConfigureAwait(false);
        await feed.WaitAsync(link.Tenant, link.Id, names, ApplyLimit, ct).ConfigureAwait(false);

        var (readings, missing) = await ReadAsync(link, openingStock, progress, ct).ConfigureAwait(false);
        await Task.Delay(options.Verify.Lag, time, ct).ConfigureAwait(false);

        // An order that was over before we came is part of what was counted, so these too are read as imports.
        var (changed, newest) = await orders.StoreAsync(
            link, link.Client.ReadOrdersUpdatedSinceAsync(startedAt - options.Verify.Lag - Slack, ct), "import", null, ct).ConfigureAwait(false);
        await feed.WaitAsync(link.Tenant, link.Id, changed, ApplyLimit, ct).ConfigureAwait(false);
        await progress.ReportAsync(readings.Count, readings.Count, "applying readings", ct).ConfigureAwait(false);
        foreach (var part in readings.Chunk(LevelReader.PageSize * 10))
        {
            await levels.StoreAsync(link, part, ct).ConfigureAwait(false);
        }

        await fetches.AdvanceAsync(link.Tenant, link.Id, newest > startedAt ? newest.Value : startedAt, ct).ConfigureAwait(false);
        await using var session = await StorageSession.OpenAsync(source, link.Tenant, ct).ConfigureAwait(false);
        await channels.ChangeStatusAsync(
            session, link.Id, [ConnectionStatus.Connected], ConnectionStatus.Baselined, null, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return JsonSerializer.Serialize(new { levels = readings.Count, notStocked = missing, orders = names.Count });
    }

    private async Task<(List<Reading> Readings, int Missing)> ReadAsync(
        ChannelLink link, bool openingStock, RunProgress progress, CancellationToken ct)
    {
        var kind = openingStock ? ReadingKind.OpeningBaseline : ReadingKind.Baseline;
        var total = await marks.CountAsync(link.Tenant, link.Id, MarkWish.Baseline, ct).ConfigureAwait(false);
        var readings = ImmutableArray.CreateBuilder<Reading>();
        var missing = new List<LevelMark>();

        // Nothing is published to levels that are not in service, so a hold of their own is enough.
        using var holds = new LevelHolds();
        for (var after = 0L; ;)
        {
            var page = await marks.ListAsync(
                link.Tenant, link.Id, MarkWish.Baseline, [], after, LevelReader.PageSize, ct).ConfigureAwait(false);
            if (page.Count == 0)
            {
                return ([.. readings], missing.Count);
            }

            after = page[^1].Level.Value;
            var answers = await levels.ReadPageAsync(
                link, holds, [.. page.Select(m => m.Level)], BudgetUse.Publish, ct).ConfigureAwait(false);
            LevelReader.Collect(answers, kind, readings, missing);
            await progress.ReportAsync(readings.Count + missing.Count, total, "reading levels", ct).ConfigureAwait(false);
        }
    }
}
