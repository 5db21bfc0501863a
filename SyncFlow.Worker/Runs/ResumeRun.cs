using System.Text.Json;
using Npgsql;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Work;
using SyncFlow.Worker.Connections;
using SyncFlow.Worker.Upkeep;
using SyncFlow.Worker.Verifying;

namespace SyncFlow.Worker.Runs;

/// <summary>
/// Publishes to a connection again that was paused, suspended, uninstalled or half disconnected (rules R12, R13). The
/// order of steps is the point: orders that were missed, then every level exactly, and only then the first push.
/// </summary>
internal sealed class ResumeRun(
    ChannelLinks links, InboxFeed feed, FetchStore fetches, LevelSweep sweep, ChannelStore channels, ReinstallStore reinstalls,
    Replanning replanning, NpgsqlDataSource source, WorkerOptions options, TimeProvider time)
{
    /// <summary>Statuses from which a connection is resumed.</summary>
    private static readonly ConnectionStatus[] Resumable =
    [
        ConnectionStatus.Paused, ConnectionStatus.Suspended, ConnectionStatus.Uninstalled, ConnectionStatus.Disconnecting,
    ];

    public async Task<string?> RunAsync(ClaimedRun run, RunProgress progress, CancellationToken ct)
    {
        var connection = run.Connection ?? throw new RunRefusedException("A resume needs a connection.");
        var link = await links.OpenInAnyStatusAsync(run.Tenant, connection, ct).ConfigureAwait(false)
            ?? throw new RunRefusedException("The connection has no access token.");
        var from = link.Connection.Status;
        if (!Resumable.Contains(from))
        {
            throw new RunRefusedException("Only a connection that is paused, suspended, uninstalled or being disconnected is resumed.");
        }

        // While the shop still refuses us, nothing changes: what it may sell stays frozen.
        await progress.ReportAsync(0, null, "access", ct).ConfigureAwait(false);
        (await link.Client.ReadShopAsync(ct).ConfigureAwait(false)).OrThrow("shop");
        var raised = from == ConnectionStatus.Uninstalled
            ? await reinstalls.RaiseAsync(link.Tenant, link.Id, n => progress.ReportAsync(n, null, "a new generation", ct), ct).ConfigureAwait(false)
            : 0;
        var wasInService = from is ConnectionStatus.Paused or ConnectionStatus.Disconnecting
            || await channels.HasLevelsInServiceAsync(link.Tenant, link.Id, ct).ConfigureAwait(false);
        await MoveAsync(link, [from, ConnectionStatus.Suspended], wasInService ? ConnectionStatus.Paused : ConnectionStatus.Connected, ct).ConfigureAwait(false);
        if (!wasInService)
        {
            await CloseIncidentsAsync(link, ct).ConfigureAwait(false);
            await progress.ReportAsync(0, 0, "Connected again. It was not live before: take a baseline, then go live.", ct).ConfigureAwait(false);
            return JsonSerializer.Serialize(new { levels = 0, status = "connected" });
        }

        var (read, gone) = await ReadExactlyAsync(link, progress, ct).ConfigureAwait(false);
        if (!await MoveAsync(link, [ConnectionStatus.Paused], ConnectionStatus.Live, ct).ConfigureAwait(false))
        {
            throw new RunRefusedException("The connection's status was changed while its levels were read.");
        }

        await CloseIncidentsAsync(link, ct).ConfigureAwait(false);
        var skus = await replanning.RunAsync(
            link.Tenant, new SkuFilter(link.Id), "resume", n => progress.ReportAsync(n, null, "planning", ct), ct).ConfigureAwait(false);
        await progress.ReportAsync(skus, skus, "live", ct).ConfigureAwait(false);
        return JsonSerializer.Serialize(new { levels = read, gone, raised, skus, status = "live" });
    }

    /// <summary>Orders, levels, and once every order up to them must be visible, orders again: drained readings.</summary>
    private async Task<(int Read, int Gone)> ReadExactlyAsync(ChannelLink link, RunProgress progress, CancellationToken ct)
    {
        await progress.ReportAsync(0, null, "webhooks", ct).ConfigureAwait(false);
        await WebhookCare.EnsureAsync(link, options, ct).ConfigureAwait(false);
        using var orders = new OrderFetch(feed, fetches, options, time);
        await progress.ReportAsync(0, null, "orders that were missed", ct).ConfigureAwait(false);
        await orders.DeltaAsync(link, exactly: true, ct).ConfigureAwait(false);
        var (readings, gone) = await sweep.ReadAsync(link, MarkWish.Known, ReadingKind.Drained, progress, ct).ConfigureAwait(false);
        await Task.Delay(options.Verify.Lag, time, ct).ConfigureAwait(false);
        await orders.DeltaAsync(link, exactly: true, ct).ConfigureAwait(false);
        await sweep.StoreAsync(link, readings, ct).ConfigureAwait(false);
        await sweep.StoreGoneAsync(link, gone, ct).ConfigureAwait(false);
        return (readings.Count, gone.Count);
    }

    private async Task<bool> MoveAsync(
        ChannelLink link, IReadOnlyList<ConnectionStatus> from, ConnectionStatus to, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, link.Tenant, ct).ConfigureAwait(false);
        var moved = await channels.ChangeStatusAsync(session, link.Id, from, to, null, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return moved;
    }

    private async Task CloseIncidentsAsync(ChannelLink link, CancellationToken ct)
    {
        await channels.NoteErrorAsync(link.Tenant, link.Id, null, ct).ConfigureAwait(false);
        await channels.CloseIncidentAsync(link.Tenant, $"suspended:{link.Id.Value}", ct).ConfigureAwait(false);
        await channels.CloseIncidentAsync(link.Tenant, $"uninstalled:{link.Id.Value}", ct).ConfigureAwait(false);
    }
}
