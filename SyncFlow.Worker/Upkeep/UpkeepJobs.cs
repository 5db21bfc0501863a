using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Audit;
using SyncFlow.Storage.Availability;
using SyncFlow.Storage.Buffers;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Sessions;
using SyncFlow.Worker.Fairness;
using SyncFlow.Worker.Work;

namespace SyncFlow.Worker.Upkeep;

/// <summary>
/// What time alone asks for: velocities decay, so modes are looked at every minute; settle times are measured; days of
/// the inbox and weeks of pushes are prepared and dropped; at night positions are checked against the ledger, and levels against the channels. Any number of workers may do
/// it at once: every job bears being done twice.
/// </summary>
internal sealed class UpkeepJobs(
    ChannelStore channels, ConnectionStore connections, InboxStore inbox, PushRetention pushes, Replanning replanning, CheckpointJob checkpoints,
    ReplayNights replays, NightlyReconciliation reconciliations, CatalogLife catalogs, PlaceLife places, DriftTrends drift, BufferStore buffers, SettingChanges settings, FaultCare faults, Purge purge,
    WorkerOptions options, TimeProvider time, ILogger<UpkeepJobs> logger) : BackgroundService
{
    private const int DaysAhead = 7;
    private const int DaysKept = 30;
    private const int WeeksAhead = 2;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SettleWindow = TimeSpan.FromMinutes(5);

    private readonly TenantRing _ring = new();
    private Task _replay = Task.CompletedTask;
    private Task _purge = Task.CompletedTask;
    private DateOnly _partitionsOf;
    private DateOnly _pushesOf;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await TryAsync("inbox partitions", PartitionsAsync, stoppingToken).ConfigureAwait(false);
            await TryAsync("push partitions", PushesAsync, stoppingToken).ConfigureAwait(false);
            _purge = _purge.IsCompleted ? TryAsync("purge", purge.RunAsync, stoppingToken) : _purge; // Millions of rows take longer than a minute.
            await TryAsync("settle times", SettleTimesAsync, stoppingToken).ConfigureAwait(false);
            await TryAsync("mode sweep", ModesAsync, stoppingToken).ConfigureAwait(false);
            await TryAsync("buffers by tier", BuffersAsync, stoppingToken).ConfigureAwait(false);
            await TryAsync("ledger checkpoints", CheckpointsAsync, stoppingToken).ConfigureAwait(false);
            _replay = _replay.IsCompleted ? TryAsync("ledger replay", replays.RunAsync, stoppingToken) : _replay; // It takes longer than a minute.
            await TryAsync("nightly reconciliation", reconciliations.QueueDueAsync, stoppingToken).ConfigureAwait(false);
            await TryAsync("catalog life", CatalogsAsync, stoppingToken).ConfigureAwait(false);
            await TryAsync("what failed", faults.RunAsync, stoppingToken).ConfigureAwait(false);
            await TryAsync("slow drift", DriftAsync, stoppingToken).ConfigureAwait(false);
            await Task.Delay(Minute, time, stoppingToken).ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
        }

        await Task.WhenAll(_replay, _purge).ConfigureAwait(false);
    }

    private async Task TryAsync(string job, Func<CancellationToken, Task> run, CancellationToken ct)
    {
        try
        {
            await run(ct).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The process ends.
        }
        catch (Exception failure) // The job boundary: logged, and done again in a minute.
        {
            Log.JobFailed(logger, failure, job);
        }
    }

    /// <summary>Does something for each tenant, from another one first each time; what fails for one is its own trouble.</summary>
    private async Task EachAsync<T>(string job, IEnumerable<T> all, Func<T, TenantId> tenantOf, Func<T, Task> run, CancellationToken ct)
    {
        var byTenant = all.ToLookup(tenantOf);
        var order = _ring.Order(byTenant.Select(t => t.Key));
        foreach (var tenant in order)
        {
            try
            {
                foreach (var one in byTenant[tenant])
                {
                    await run(one).ConfigureAwait(false);
                }
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                Log.TenantFailed(logger, failure, job, tenant.Value); // The job boundary: its neighbours go on.
            }
        }

        if (order.Count > 0)
        {
            _ring.Served(order[0]);
        }
    }

    private async Task EachTenantAsync(string job, Func<TenantId, Task> run, CancellationToken ct) =>
        await EachAsync(job, await channels.TenantsAsync(ct).ConfigureAwait(false), t => t, run, ct).ConfigureAwait(false);

    private async Task PartitionsAsync(CancellationToken ct)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        if (_partitionsOf == today)
        {
            return;
        }

        await inbox.EnsurePartitionsAsync(DaysAhead, ct).ConfigureAwait(false);
        await inbox.DropPartitionsAsync(DaysKept, ct).ConfigureAwait(false);
        await settings.ForgetAsync(ct).ConfigureAwait(false);
        _partitionsOf = today;
    }

    /// <summary>Once a day; a minute later again where a table was busy.</summary>
    private async Task PushesAsync(CancellationToken ct)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        if (_pushesOf == today)
        {
            return;
        }

        await pushes.EnsureAsync(WeeksAhead, ct).ConfigureAwait(false);
        var (dropped, held) = await pushes.DropAsync(options.PushDaysKept, ct).ConfigureAwait(false);
        if (dropped + held > 0)
        {
            Log.PushWeeks(logger, dropped, held);
        }

        _pushesOf = today;
    }

    private Task ModesAsync(CancellationToken ct) => EachTenantAsync(
        "mode sweep",
        tenant => replanning.RunAsync(tenant, new SkuFilter(MovingAt: DatabaseTime.Now(time)), "time passed", progress: null, ct), ct);

    /// <summary>What no message told: differences between catalogs and levels, units at closed places, and a fresh look due.</summary>
    private async Task CatalogsAsync(CancellationToken ct)
    {
        var open = (await connections.AllAsync(ct).ConfigureAwait(false)).Where(c => c.Status is ConnectionStatus.Live or ConnectionStatus.Paused);
        await EachAsync(
            "catalog life", open, c => c.Tenant,
            async connection =>
            {
                await catalogs.FollowAsync(connection.Tenant, connection.Connection, ct).ConfigureAwait(false);
                await catalogs.AskAgainAsync(connection.Tenant, connection.Connection, ct).ConfigureAwait(false);
            },
            ct).ConfigureAwait(false);
        await EachTenantAsync("units at closed places", tenant => places.ReportAsync(tenant, ct), ct).ConfigureAwait(false);
    }

    private async Task BuffersAsync(CancellationToken ct) =>
        await EachAsync("buffers by tier", await buffers.TenantsAsync(ct).ConfigureAwait(false), t => t, tenant => buffers.RunAsync(tenant, ct), ct).ConfigureAwait(false);

    private Task DriftAsync(CancellationToken ct) => EachTenantAsync("slow drift", tenant => drift.WatchAsync(tenant, ct), ct);

    private async Task SettleTimesAsync(CancellationToken ct)
    {
        var live = (await connections.AllAsync(ct).ConfigureAwait(false)).Where(c => c.Status == ConnectionStatus.Live);
        await EachAsync(
            "settle times", live, c => c.Tenant, c => channels.MeasureSettleAsync(c.Tenant, c.Connection, SettleWindow, ct), ct).ConfigureAwait(false);
    }

    private Task CheckpointsAsync(CancellationToken ct) =>
        checkpoints.Due() is { } until ? EachTenantAsync("ledger checkpoints", tenant => checkpoints.RunAsync(tenant, until, ct), ct) : Task.CompletedTask;
}
