using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Audit;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Worker.Upkeep;

/// <summary>
/// What time alone asks for: velocities decay, so modes are looked at every minute; settle times are measured; days of
/// the inbox are prepared and dropped; at night positions are checked against the ledger. Any number of workers may do
/// it at once: every job bears being done twice.
/// </summary>
internal sealed class UpkeepJobs(
    ChannelStore channels, ConnectionStore connections, InboxStore inbox, Replanning replanning, NpgsqlDataSource source,
    TimeProvider time, ILogger<UpkeepJobs> logger) : BackgroundService
{
    private const int DaysAhead = 7;
    private const int DaysKept = 30;

    /// <summary>UTC hour after which the night's check runs.</summary>
    private const int AuditHour = 3;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SettleWindow = TimeSpan.FromMinutes(5);

    private DateOnly _partitionsOf;
    private DateOnly _auditedOn;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _auditedOn = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime.AddHours(-AuditHour));
        while (!stoppingToken.IsCancellationRequested)
        {
            await TryAsync("inbox partitions", PartitionsAsync, stoppingToken).ConfigureAwait(false);
            await TryAsync("settle times", SettleTimesAsync, stoppingToken).ConfigureAwait(false);
            await TryAsync("mode sweep", ModesAsync, stoppingToken).ConfigureAwait(false);
            await TryAsync("ledger audit", AuditAsync, stoppingToken).ConfigureAwait(false);
            await Task.Delay(Minute, time, stoppingToken).ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
        }
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

    private async Task PartitionsAsync(CancellationToken ct)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        if (_partitionsOf == today)
        {
            return;
        }

        await inbox.EnsurePartitionsAsync(DaysAhead, ct).ConfigureAwait(false);
        await inbox.DropPartitionsAsync(DaysKept, ct).ConfigureAwait(false);
        _partitionsOf = today;
    }

    private async Task ModesAsync(CancellationToken ct)
    {
        foreach (var tenant in await channels.TenantsAsync(ct).ConfigureAwait(false))
        {
            await replanning.RunAsync(tenant, new SkuFilter(Moving: true), "time passed", progress: null, ct).ConfigureAwait(false);
        }
    }

    private async Task SettleTimesAsync(CancellationToken ct)
    {
        foreach (var connection in await connections.AllAsync(ct).ConfigureAwait(false))
        {
            if (connection.Status == ConnectionStatus.Live)
            {
                await channels.MeasureSettleAsync(connection.Tenant, connection.Connection, SettleWindow, ct).ConfigureAwait(false);
            }
        }
    }

    private async Task AuditAsync(CancellationToken ct)
    {
        var night = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime.AddHours(-AuditHour));
        if (_auditedOn == night)
        {
            return;
        }

        foreach (var tenant in await channels.TenantsAsync(ct).ConfigureAwait(false))
        {
            await AuditAsync(tenant, ct).ConfigureAwait(false);
        }

        _auditedOn = night;
    }

    /// <summary>Checks one tenant; a difference is an incident.</summary>
    public async Task AuditAsync(TenantId tenant, CancellationToken ct)
    {
        List<PositionDifference> differences;
        await using (var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false))
        {
            differences = await LedgerAudit.PositionsDifferFromLedgerAsync(session, ct).ConfigureAwait(false);
        }

        if (differences.Count == 0)
        {
            return;
        }

        Log.LedgerDiffers(logger, tenant.Value, differences.Count);
        await channels.OpenIncidentAsync(
            tenant,
            new Incident(
                "ledger-audit", "ledger-audit",
                string.Create(CultureInfo.InvariantCulture, $"{differences.Count} positions are not what their ledger entries add up to."),
                null, differences[0].Sku, null, time.GetUtcNow()),
            ct).ConfigureAwait(false);
    }
}
