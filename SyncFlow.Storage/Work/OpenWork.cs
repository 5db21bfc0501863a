using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Work;

/// <summary>What is looked at again of work: refusals that have been answered since, and guesses that nobody asks about any more.</summary>
/// <param name="source">Of the role worker.</param>
public sealed class OpenWork(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Orders of a connection asked for at once: one call.</summary>
    public const int MostAsked = 50;

    /// <summary>A guess is a few seconds old while its answer is on the way.</summary>
    private static readonly TimeSpan OldGuess = TimeSpan.FromMinutes(5);

    /// <summary>What was asked for and did not settle the guess is not asked for again at once: it was refused, or the order is gone, or tells no more.</summary>
    private static readonly TimeSpan AfterAnswer = TimeSpan.FromHours(1);

    /// <summary>An incident that is seen while a look is under way stays open: what it tells of may not be in what the look sees.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    /// <summary>Closes a tenant's incidents of connections of which nothing refused is left unanswered; returns how many.</summary>
    public async Task<int> CloseAnsweredAsync(TenantId tenant, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        return await RunAsync(
            tenant,
            session => session.Of(
                """
                UPDATE incidents i SET closed_at = $2
                WHERE i.tenant_id = $1 AND i.closed_at IS NULL AND i.kind = $4 AND i.seen_at <= $3 AND NOT EXISTS (
                  SELECT FROM work_items w WHERE w.tenant_id = $1 AND w.connection_id = i.connection_id AND w.state = 2)
                """,
                Sql.P(now), Sql.P(now - Quiet), Sql.P(WorkItemStore.RefusedKind)),
            ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Live and paused connections, of all tenants, with an order whose location has been a guess for minutes: one call each
    /// minute, however many connections there are. Needs the role worker.
    /// </summary>
    public async Task<IReadOnlyList<(TenantId Tenant, ConnectionId Connection)>> GuessedAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenant_id, connection_id FROM connections_with_guessed_orders($1)");
        command.Parameters.Add(Sql.P(DatabaseTime.Now(time) - OldGuess));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => (new TenantId(row.GetInt64(0)), new ConnectionId(row.GetInt64(1))), ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Asks again for orders whose location has been a guess for minutes, while nobody asks for them: units stand where they
    /// need not be until the order is read. Not those that are read and wait to be applied, or are dead: reading them again
    /// would make one dead letter after another. Returns how many.
    /// </summary>
    public async Task<int> AskForGuessedAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        return await RunAsync(
            tenant,
            session => session.Of(
                """
                INSERT INTO work_items (tenant_id, connection_id, kind, ref, due_at, created_at)
                SELECT $1, $2, $5, o.order_ref, $3, $3 FROM orders o
                WHERE o.tenant_id = $1 AND o.connection_id = $2 AND o.provisional AND o.updated_at <= $4
                  AND NOT EXISTS (
                    SELECT FROM work_items w
                    WHERE w.tenant_id = $1 AND w.connection_id = $2 AND w.kind = $5 AND w.ref = o.order_ref AND w.state = 0)
                  AND NOT EXISTS (
                    SELECT FROM work_items w
                    WHERE w.tenant_id = $1 AND w.connection_id = $2 AND w.kind = $5 AND w.ref = o.order_ref AND w.state IN (1, 2) AND w.finished_at > $6)
                  AND o.order_ref NOT IN (
                    SELECT split_part(i.webhook_id, ':', 2) FROM inbox i
                    WHERE i.tenant_id = $1 AND i.connection_id = $2 AND i.state IN (0, 2) AND i.topic IN ('fetch', 'import'))
                ORDER BY o.updated_at LIMIT $7
                ON CONFLICT DO NOTHING
                """,
                Sql.P(connection.Value), Sql.P(now), Sql.P(now - OldGuess), Sql.P((short)WorkKind.FetchOrder), Sql.P(now - AfterAnswer),
                Sql.P(MostAsked)),
            ct).ConfigureAwait(false);
    }

    private async Task<int> RunAsync(TenantId tenant, Func<StorageSession, NpgsqlBatchCommand> statement, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var rows = await session.ExecuteAsync(statement(session), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return rows;
    }
}
