using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources;

/// <summary>What of files and pulls was taken in and is not booked yet.</summary>
/// <param name="source">Acts as the worker role.</param>
/// <param name="time">The clock.</param>
public sealed class HistoryBacklog(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Whether something is due to be booked that was taken in before a moment; what failed and waits for another try is not.</summary>
    public async Task<bool> HasAsync(TenantId tenant, DateTimeOffset before, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var found = await session.QueryAsync(
            session.Of(
                """
                SELECT EXISTS (SELECT FROM inbox WHERE tenant_id = $1 AND state = 0 AND next_attempt_at <= $2 AND content = $3 AND received_at < $4)
                """,
                Sql.P(DatabaseTime.Now(time)), Sql.P(SourceContents.Events), Sql.P(before)),
            row => row.GetBoolean(0), ct).ConfigureAwait(false);
        return found[0];
    }
}
