using Npgsql;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Work;

namespace SyncFlow.Worker.Runs;

/// <summary>A run cannot be carried out, for a reason that people understand.</summary>
internal sealed class RunRefusedException(string message) : Exception(message);

/// <summary>A person asked for the run to stop.</summary>
internal sealed class RunCancelledException() : Exception("Cancelled.");

/// <summary>The run is another worker's by now, or over.</summary>
internal sealed class RunClaimLostException() : Exception("Another worker goes on with this run.");

/// <summary>Reports how far a claimed run is, and so keeps the claim.</summary>
internal sealed class RunProgress(NpgsqlDataSource source, RunStore runs, ClaimedRun run, TimeProvider time)
{
    private long _claimedUntil = (time.GetUtcNow() + RunStore.ClaimFor).UtcTicks;
    private int _done;
    private int? _total;
    private string? _message;

    /// <summary>Until when nobody else takes the run, as of the last report that was heard.</summary>
    public DateTimeOffset ClaimedUntil => new(Volatile.Read(ref _claimedUntil), TimeSpan.Zero);

    /// <summary>Reports; what is null stays.</summary>
    /// <exception cref="RunClaimLostException">Another worker has claimed the run meanwhile.</exception>
    /// <exception cref="RunCancelledException">A person asked for it to stop.</exception>
    public async Task ReportAsync(int done, int? total, string? message, CancellationToken ct)
    {
        (_done, _total, _message) = (done, total ?? _total, message ?? _message);
        var until = time.GetUtcNow() + RunStore.ClaimFor; // Before it is sent: the claim itself lasts a little longer.
        await using var session = await StorageSession.OpenAsync(source, run.Tenant, ct).ConfigureAwait(false);
        var claim = await runs.ProgressAsync(session, run, _done, _total, _message, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        switch (claim)
        {
            case RunClaim.Lost:
                throw new RunClaimLostException();
            case RunClaim.CancelRequested:
                Volatile.Write(ref _claimedUntil, until.UtcTicks);
                throw new RunCancelledException();
            case RunClaim.Held:
                Volatile.Write(ref _claimedUntil, until.UtcTicks);
                break;
        }
    }

    /// <summary>Says the same again, so that the claim does not run out during a long wait.</summary>
    public Task BeatAsync(CancellationToken ct) => ReportAsync(_done, _total, _message, ct);
}
