using System.Net.Sockets;
using System.Security.Cryptography;
using SyncFlow.Channels.Sources.Mapping;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Sources.Capture;

namespace SyncFlow.Worker.Sources.Capture;

/// <summary>
/// Reads a source's log under a lease: connects, reads until something ends it, and connects again a little later. What
/// needs a person (a slot that is gone, a table that changed) stops it; everything else it tries again.
/// </summary>
internal sealed class CaptureReader(
    CaptureStore captures, CredentialVault vault, DatabaseHosts hosts, WakeUps wakeUps, TimeProvider time, ILogger<CaptureReader> logger)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>Reads until cancelled, or until a person is needed. Does not throw.</summary>
    public async Task RunAsync(CaptureKey key, long epoch, CancellationToken ct)
    {
        var wait = FirstWait;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                if (await captures.FindAsync(key, ct).ConfigureAwait(false) is not { } task)
                {
                    return; // Changed or removed: the next look begins it anew.
                }

                var begun = time.GetTimestamp();
                if (await OnceAsync(key, epoch, task, ct).ConfigureAwait(false) is not { } problem)
                {
                    return;
                }

                wait = time.GetElapsedTime(begun) > LongestWait ? FirstWait : wait;
                await captures.StoppedAsync(key, epoch, CaptureState.Starting, problem, ct).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (LeaseLostException)
            {
                return; // Another worker reads it, or it was changed.
            }
            catch (Exception failure) // The job boundary: nothing was confirmed that is not stored, so it is read again.
            {
                Log.PartFailed(logger, failure, key.Tenant.Value, key.Connection.Value, "the capture of changes");
            }

            if (await EndedAsync(wait, ct).ConfigureAwait(false))
            {
                return;
            }

            wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
        }
    }

    /// <summary>Reads once; returns what ended it and is tried again, or null where it is over.</summary>
    private async Task<string?> OnceAsync(CaptureKey key, long epoch, CaptureTask task, CancellationToken ct)
    {
        SourceServer server;
        try
        {
            if (await hosts.FindAsync(task.Settings.Host, ct).ConfigureAwait(false) is not { } address)
            {
                return $"{task.Settings.Host} is no public address, and not among the networks that may be called";
            }

            server = new SourceServer(task.Settings, vault.Open(key.Tenant, key.Connection, task.Password), address);
            if (task.State == CaptureState.Removing)
            {
                await server.DropSlotAsync(ct).ConfigureAwait(false);
                await captures.RemovedAsync(key, epoch, ct).ConfigureAwait(false);
                return null;
            }

            var mapping = task.Mapping is null ? null : ReadyMappings.Read(task.Mapping, task.OwnMapping);
            if (mapping is null)
            {
                return await StopAsync(key, epoch, CaptureState.Paused, "the source has no mapping that says what the table's columns mean", ct).ConfigureAwait(false);
            }

            var standing = await server.PrepareAsync(task.Mark, task.SystemId, ct).ConfigureAwait(false);
            if (standing.Refused is { } refused)
            {
                return refused;
            }

            if (standing.Lost is { } lost)
            {
                return await StopAsync(key, epoch, CaptureState.Lost, lost, ct).ConfigureAwait(false);
            }

            await captures.BeganAsync(key, epoch, standing.From, standing.SystemId, ct).ConfigureAwait(false);
            var run = new CaptureRun(key, epoch, captures, server, new RowChanges(mapping), task.Mark with { Confirmed = standing.From }, wakeUps, time);
            return await run.ReadAsync(ct).ConfigureAwait(false) is { } stop
                ? await StopAsync(key, epoch, stop.State, stop.Why, ct).ConfigureAwait(false)
                : "the server ended the stream";
        }
        catch (Exception away) when (WhyAway(away) is not null && !ct.IsCancellationRequested)
        {
            return WhyAway(away);
        }
    }

    private async Task<string?> StopAsync(CaptureKey key, long epoch, CaptureState state, string why, CancellationToken ct)
    {
        await captures.StoppedAsync(key, epoch, state, why, ct).ConfigureAwait(false);
        return null;
    }

    /// <summary>What a failure of the source's server means; null for a failure of another kind.</summary>
    private static string? WhyAway(Exception failure) => failure switch
    {
        SourceServerException server => server.Message,
        SocketException socket => $"the server cannot be reached: {socket.Message}",
        CryptographicException => "the password cannot be opened; set it again",
        _ => null,
    };

    private async Task<bool> EndedAsync(TimeSpan wait, CancellationToken ct)
    {
        try
        {
            await Task.Delay(wait, time, ct).ConfigureAwait(false);
            return false;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return true;
        }
    }
}
