using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Ledger;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Worker.Upkeep;

/// <summary>
/// Makes the ledger's checkpoints, so that explaining a moment of the past stays quick however long the ledger grows. Any
/// number of workers may do it at once: a checkpoint is made once, whoever is first.
/// </summary>
internal sealed class CheckpointJob(NpgsqlDataSource source, TimeProvider time)
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(5);

    private DateTimeOffset _nextAt;

    /// <summary>The moment up to which checkpoints are to be made now; null where it is not time to. It is told once.</summary>
    public DateTimeOffset? Due()
    {
        var now = DatabaseTime.Now(time);
        if (now < _nextAt)
        {
            return null;
        }

        _nextAt = now + Every;
        return now - LedgerCheckpoints.SettledAfter;
    }

    /// <summary>Makes what is due of one tenant, up to a moment; returns how many.</summary>
    public async Task<int> RunAsync(TenantId tenant, DateTimeOffset until, CancellationToken ct)
    {
        List<PoolRef> due;
        await using (var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false))
        {
            due = await LedgerCheckpoints.DueAsync(session, until, ct).ConfigureAwait(false);
        }

        var made = 0;
        foreach (var pools in due.Chunk(LedgerCheckpoints.PoolsAtOnce))
        {
            await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
            made += await LedgerCheckpoints.MakeAsync(session, pools, until, ct).ConfigureAwait(false);
            await session.CommitAsync(ct).ConfigureAwait(false);
        }

        await using var last = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await LedgerCheckpoints.NoteAsync(last, until, ct).ConfigureAwait(false);
        await last.CommitAsync(ct).ConfigureAwait(false);
        return made;
    }
}
