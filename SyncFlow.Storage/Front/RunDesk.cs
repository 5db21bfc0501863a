using System.Data.Common;
using System.Text.Json;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Front;

/// <summary>How far a run is.</summary>
public sealed record RunProgress(int Done, int? Total);

/// <summary>Long work that the worker does.</summary>
/// <param name="Status"><c>queued</c>, <c>running</c>, <c>succeeded</c>, <c>failed</c> or <c>cancelled</c>.</param>
/// <param name="Result">What the kind of run found; null while it has not ended.</param>
public sealed record RunView(
    long Id, string Kind, long? ConnectionId, JsonElement Parameters, string Status, RunProgress Progress, string? Message,
    JsonElement? Result, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt)
{
    /// <summary>Whether it is over.</summary>
    public bool IsOver => FinishedAt is not null;
}

/// <summary>Sync runs: asked for here, done by the worker.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class RunDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const string Columns =
        """
        SELECT run_id, kind, connection_id, parameters::text, state, done, total, message, result::text, created_at, started_at,
               finished_at
        FROM sync_runs WHERE tenant_id = $1
        """;

    /// <summary>Asks for a run.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="kind">What is to be done.</param>
    /// <param name="connection">With which connection, if with one.</param>
    /// <param name="parametersJson">A JSON object; what it holds depends on the kind.</param>
    /// <param name="requestKey">
    /// The request's; the same run that was begun with it is answered instead of a new one, for as long as a key is known
    /// (<see cref="IdempotencyStore.KeyLife"/>).
    /// </param>
    /// <param name="ct">Ends the call.</param>
    /// <returns>The run's id; null where another run was begun with the key: nothing is done then.</returns>
    public async Task<long?> QueueAsync(
        long tenant, string kind, long? connection, string parametersJson, string? requestKey, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var run = await QueueAsync(session, kind, connection, parametersJson, requestKey, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return run;
    }

    /// <summary>The same together with what else the session does.</summary>
    public async Task<long?> QueueAsync(
        StorageSession session, string kind, long? connection, string parametersJson, string? requestKey, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        const string free =
            "UPDATE sync_runs SET request_key = NULL WHERE tenant_id = $1 AND request_key = $2 AND created_at < $3";
        const string sql =
            """
            INSERT INTO sync_runs AS r (tenant_id, kind, connection_id, parameters, created_at, request_key) VALUES ($1, $2, $3, $4::jsonb, $5, $6)
            ON CONFLICT (tenant_id, request_key) WHERE request_key IS NOT NULL DO UPDATE SET request_key = excluded.request_key
              WHERE (r.kind, r.parameters) = (excluded.kind, excluded.parameters) AND r.connection_id IS NOT DISTINCT FROM excluded.connection_id
            RETURNING run_id
            """;
        var now = DatabaseTime.Now(time);
        if (requestKey is not null)
        {
            await session.ExecuteAsync(session.Of(free, Sql.P(requestKey), Sql.P(now - IdempotencyStore.KeyLife)), ct).ConfigureAwait(false);
        }

        var ids = await session.QueryAsync(
            session.Of(sql, Sql.P(kind), Sql.P(connection), Sql.P(parametersJson), Sql.P(now), Sql.P(requestKey)), row => row.GetInt64(0), ct)
            .ConfigureAwait(false);
        return ids.Count == 0 ? null : ids[0];
    }

    /// <summary>Asks for a run to stop; false where it is over, or there is none.</summary>
    public async Task<bool> CancelAsync(long tenant, long run, CancellationToken ct)
    {
        const string sql =
            """
            UPDATE sync_runs SET cancel_requested = true,
              state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END,
              finished_at = CASE WHEN state = 'queued' THEN $3::timestamptz END,
              message = CASE WHEN state = 'queued' THEN 'Cancelled.' ELSE message END
            WHERE tenant_id = $1 AND run_id = $2 AND state IN ('queued', 'running')
            """;
        return await source.ExecuteAsync(tenant, sql, [run, time.GetUtcNow()], ct).ConfigureAwait(false) == 1;
    }

    /// <summary>Runs, newest first.</summary>
    public Task<List<RunView>> ListAsync(
        long tenant, string? kind, string? status, long? connection, long? before, int count, CancellationToken ct)
    {
        const string sql = Columns +
            """
             AND ($2::text IS NULL OR kind = $2) AND ($3::text IS NULL OR state = $3) AND ($4::bigint IS NULL OR connection_id = $4)
             AND ($5::bigint IS NULL OR run_id < $5) ORDER BY run_id DESC LIMIT $6
            """;
        return source.ListAsync(tenant, sql, Read, [kind, status, connection, before, count], ct);
    }

    /// <summary>One run, or null.</summary>
    public Task<RunView?> FindAsync(long tenant, long run, CancellationToken ct) =>
        source.FirstAsync(tenant, Columns + " AND run_id = $2", Read, [run], ct);

    private static RunView Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.LongOrNull(2), JsonElement.Parse(row.GetString(3)), row.GetString(4),
        new RunProgress(row.GetInt32(5), row.IntOrNull(6)), row.Text(7),
        row.Text(8) is { } result ? JsonElement.Parse(result) : null, row.Time(9), row.TimeOrNull(10), row.TimeOrNull(11));
}
