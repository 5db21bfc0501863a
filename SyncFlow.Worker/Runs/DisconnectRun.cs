using System.Globalization;
using System.Text.Json;
using Npgsql;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Work;
using SyncFlow.Worker.Connections;
using SyncFlow.Worker.Upkeep;

namespace SyncFlow.Worker.Runs;

/// <summary>
/// A planned disconnect (rule R13): every level is offered at zero, zero is proven by drained readings, and only then the
/// connection is closed and its share is free for the others. Until then it may be cancelled.
/// </summary>
internal sealed class DisconnectRun(
    ChannelLinks links, ChannelStore channels, LevelMarks marks, Replanning replanning, NpgsqlDataSource source, WorkerOptions options,
    Signals signals, TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>Longer than a lost answer keeps a level waiting.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    public async Task<string?> RunAsync(ClaimedRun run, RunProgress progress, CancellationToken ct)
    {
        var connection = run.Connection ?? throw new RunRefusedException("A disconnect needs a connection.");
        var link = await links.OpenAsync(run.Tenant, connection, ct).ConfigureAwait(false);
        if (link is null || !link.Connection.Status.MayBeWritten())
        {
            throw new RunRefusedException("Only a live connection can be offered nothing. Resume it, or attest that the shop is closed.");
        }

        try
        {
            await progress.ReportAsync(0, null, "offering zero", ct).ConfigureAwait(false);
            await MoveAsync(link, ConnectionStatus.Live, ConnectionStatus.Disconnecting, ct).ConfigureAwait(false);
            await PlanAsync(link, ct).ConfigureAwait(false);
            var levels = await WaitAsync(link, progress, ct).ConfigureAwait(false);
            await WebhookCare.RemoveAsync(link, options, ct).ConfigureAwait(false);
            await MoveAsync(link, ConnectionStatus.Disconnecting, ConnectionStatus.Closed, ct).ConfigureAwait(false);
            await PlanAsync(link, ct).ConfigureAwait(false);
            return JsonSerializer.Serialize(new { levels, status = "closed" });
        }
        catch (RunCancelledException)
        {
            // Its levels have been read and written all the time, so it can go on at once.
            await MoveAsync(link, ConnectionStatus.Disconnecting, ConnectionStatus.Live, CancellationToken.None).ConfigureAwait(false);
            await PlanAsync(link, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits until every level is proven to show nothing; returns how many there are.</summary>
    private async Task<int> WaitAsync(ChannelLink link, RunProgress progress, CancellationToken ct)
    {
        var until = time.GetUtcNow() + Limit;
        while (true)
        {
            var (total, left, stuck) = await marks.OfferedAsync(link.Tenant, link.Id, ct).ConfigureAwait(false);
            await progress.ReportAsync(total - left, total, "waiting until zero is proven", ct).ConfigureAwait(false);
            if (left == 0)
            {
                return total;
            }

            if (left == stuck || time.GetUtcNow() > until)
            {
                throw new RunRefusedException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{left} of {total} levels still show units, {stuck} of them because writes to them are halted or refused. Set them to zero in the shop, or attest that it is closed."));
            }

            await Task.Delay(LookEvery, time, ct).ConfigureAwait(false);
        }
    }

    private async Task PlanAsync(ChannelLink link, CancellationToken ct)
    {
        await replanning.RunAsync(link.Tenant, new SkuFilter(link.Id), "disconnect", progress: null, ct).ConfigureAwait(false);
        signals.Raise(link.Tenant);
    }

    private async Task MoveAsync(ChannelLink link, ConnectionStatus from, ConnectionStatus to, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, link.Tenant, ct).ConfigureAwait(false);
        var moved = await channels.ChangeStatusAsync(session, link.Id, [from, to], to, null, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        if (!moved)
        {
            throw new RunRefusedException("The connection's status was changed meanwhile.");
        }
    }
}
