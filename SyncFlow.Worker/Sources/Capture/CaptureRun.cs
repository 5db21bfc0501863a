using SyncFlow.Channels.Sources.Mapping;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Sources.Capture;

namespace SyncFlow.Worker.Sources.Capture;

/// <summary>Why a capture waits for a person.</summary>
internal readonly record struct CaptureStop(CaptureState State, string Why);

/// <summary>
/// One connection to a source's log: whatever has come is stored in one transaction, then confirmed. While that is
/// stored more comes, so under load the batches grow by themselves, and a single change is stored at once.
/// </summary>
internal sealed class CaptureRun(
    CaptureKey key, long epoch, CaptureStore captures, SourceServer server, RowChanges rows, CaptureMark mark, WakeUps wakeUps, TimeProvider time)
{
    private const int MostChanges = 1_000;

    private static readonly TimeSpan HeardEvery = TimeSpan.FromSeconds(5);

    private long _heardAt;

    /// <summary>Reads until the stream ends; returns why a person is needed, or null where the stream just ended.</summary>
    /// <exception cref="SourceServerException">The server went away.</exception>
    public async Task<CaptureStop?> ReadAsync(CancellationToken ct)
    {
        if (CaptureBatch.Misfit(rows, await server.ColumnsAsync(ct).ConfigureAwait(false)) is { } misfit)
        {
            return new CaptureStop(CaptureState.Paused, misfit);
        }

        await using var stream = await server.OpenAsync(mark.Confirmed!.Value, ct).ConfigureAwait(false);
        var gap = await HeardAsync(null, ct).ConfigureAwait(false);
        var current = mark;
        while (gap is null && await stream.Parts.WaitToReadAsync(ct).ConfigureAwait(false))
        {
            var batch = new CaptureBatch(rows, current);
            string? why = null;
            while (why is null && batch.Changes < MostChanges && stream.Parts.TryRead(out var part))
            {
                why = batch.Add(part);
            }

            if (batch.HasNews)
            {
                current = await StoreAsync(batch.Yield, ct).ConfigureAwait(false);
            }

            if (why is not null)
            {
                return new CaptureStop(CaptureState.Paused, why);
            }

            if (batch.Idle is not null || time.GetElapsedTime(_heardAt) > HeardEvery)
            {
                current = current with { Confirmed = Later(current.Confirmed, batch.Idle) };
                gap = await HeardAsync(batch.Idle, ct).ConfigureAwait(false);
            }

            stream.Confirm(current.Confirmed!.Value);
        }

        return gap is null ? null : new CaptureStop(CaptureState.Lost, gap);
    }

    private async Task<CaptureMark> StoreAsync(CaptureYield yield, CancellationToken ct)
    {
        await captures.TakeInAsync(key, epoch, yield, ct).ConfigureAwait(false);
        if (yield.Events.Count > 0)
        {
            await wakeUps.PublishAsync(WakeUpKind.Inbox, key.Tenant.Value).ConfigureAwait(false);
        }

        return yield.Mark;
    }

    /// <summary>Notes that the server lives; returns why changes of the table come no more, or null where they do.</summary>
    private async Task<string?> HeardAsync(ulong? through, CancellationToken ct)
    {
        var lag = await server.LagAsync(ct).ConfigureAwait(false);
        await captures.HeardAsync(key, epoch, through, lag, ct).ConfigureAwait(false);
        _heardAt = time.GetTimestamp();
        return lag?.Gap;
    }

    private static ulong? Later(ulong? a, ulong? b) => b > a || a is null ? b ?? a : a;
}
