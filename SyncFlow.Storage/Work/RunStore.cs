using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Work;

/// <summary>A run of long work that a caller asked for and a worker carries out.</summary>
/// <param name="Parameters">JSON, as the caller gave it.</param>
/// <param name="Attempts">How often it was claimed, this time included: above 1 when a worker died during it.</param>
public sealed record ClaimedRun(TenantId Tenant, long RunId, string Kind, ConnectionId? Connection, string Parameters, int Attempts);

/// <summary>What a report finds of its claim.</summary>
public enum RunClaim
{
    /// <summary>Go on.</summary>
    Held,

    /// <summary>Another worker has claimed the run, or it is over.</summary>
    Lost,

    /// <summary>A person wants it to stop.</summary>
    CancelRequested,
}

/// <summary>How a run ended.</summary>
public enum RunEnd
{
    Succeeded,
    Failed,
    Cancelled,
}

/// <summary>
/// Runs: queued, claimed by one worker, reporting progress, finished. A run whose worker stops reporting is claimed by
/// another; so what a run does must bear being done again.
/// </summary>
public sealed class RunStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Claims after which a run is failed whose workers die, or cannot reach the database.</summary>
    public const int MostAttempts = 3;

    /// <summary>How long a claim lasts after the last report.</summary>
    public static readonly TimeSpan ClaimFor = TimeSpan.FromMinutes(2);

    /// <summary>Times the attempts so far: how long a run waits that was given back.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    /// <summary>Queues a run; it exists when the session commits.</summary>
    /// <returns>Its id.</returns>
    public async Task<long> CreateAsync(
        StorageSession session, string kind, ConnectionId? connection, string parametersJson, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var ids = await session.QueryAsync(
            session.Of(
                "INSERT INTO sync_runs (tenant_id, kind, connection_id, parameters, created_at) VALUES ($1, $2, $3, $4::jsonb, $5) RETURNING run_id",
                Sql.P(kind), Sql.P(connection?.Value), Sql.P(parametersJson), Sql.P(DatabaseTime.Now(time))),
            row => row.GetInt64(0),
            ct).ConfigureAwait(false);
        return ids[0];
    }

    /// <summary>Queues a run unless one was queued under this key before, whatever became of it.</summary>
    /// <returns>Whether it was queued.</returns>
    public async Task<bool> CreateOnceAsync(
        StorageSession session, string kind, ConnectionId? connection, string key, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO sync_runs (tenant_id, kind, connection_id, parameters, created_at, idem_key) VALUES ($1, $2, $3, '{}', $4, $5)
                ON CONFLICT (tenant_id, idem_key) WHERE idem_key IS NOT NULL DO NOTHING
                """,
                Sql.P(kind), Sql.P(connection?.Value), Sql.P(DatabaseTime.Now(time)), Sql.P(key)),
            ct).ConfigureAwait(false) == 1;
    }

    /// <summary>Tenants with runs that are queued, or whose worker has gone silent. Needs the role worker.</summary>
    public async Task<IReadOnlyList<TenantId>> TenantsWithRunsToClaimAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenants_with_runs_to_claim($1)");
        command.Parameters.Add(Sql.P(DatabaseTime.Now(time)));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => new TenantId(row.GetInt64(0)), ct).ConfigureAwait(false);
    }

    /// <summary>Claims a tenant's oldest run that is queued, or whose worker has gone silent; null when there is none.</summary>
    public async Task<ClaimedRun?> ClaimNextAsync(StorageSession session, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var now = DatabaseTime.Now(time);
        await session.ExecuteAsync(
            session.Of(
                """
                UPDATE sync_runs SET state = 'failed', finished_at = $2, claimed_until = NULL,
                  message = 'Given up: none of ' || attempts || ' attempts was brought to an end.' || coalesce(' Last: ' || message, '')
                WHERE tenant_id = $1 AND state = 'running' AND claimed_until <= $2 AND attempts >= $3
                """,
                Sql.P(now), Sql.P(MostAttempts)),
            ct).ConfigureAwait(false);
        var claimed = await session.QueryAsync(
            session.Of(
                """
                WITH next AS MATERIALIZED (
                  SELECT run_id FROM sync_runs
                  WHERE tenant_id = $1 AND (state = 'queued' OR (state = 'running' AND claimed_until <= $2))
                  ORDER BY run_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
                )
                UPDATE sync_runs r SET state = 'running', attempts = r.attempts + 1, claimed_until = $3,
                  started_at = coalesce(r.started_at, $2)
                FROM next
                WHERE r.tenant_id = $1 AND r.run_id = next.run_id
                RETURNING r.run_id, r.kind, r.connection_id, r.parameters::text, r.attempts
                """,
                Sql.P(now), Sql.P(now + ClaimFor)),
            row => new ClaimedRun(
                session.Tenant, row.GetInt64(0), row.GetString(1),
                row.Nullable<long>(2) is { } connection ? new ConnectionId(connection) : null, row.GetString(3), row.GetInt32(4)),
            ct).ConfigureAwait(false);
        return claimed.SingleOrDefault();
    }

    /// <summary>Reports progress and keeps the claim; tells what has become of it.</summary>
    /// <param name="total">How much there is, once that is known.</param>
    public async Task<RunClaim> ProgressAsync(
        StorageSession session, ClaimedRun run, int done, int? total, string? message, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(run);
        var cancelled = await session.QueryAsync(
            session.Of(
                """
                UPDATE sync_runs SET done = $4, total = coalesce($5, total), message = coalesce($6, message), claimed_until = $7
                WHERE tenant_id = $1 AND run_id = $2 AND state = 'running' AND attempts = $3
                RETURNING cancel_requested
                """,
                Sql.P(run.RunId), Sql.P(run.Attempts), Sql.P(done), Sql.P(total), Sql.P(message),
                Sql.P(DatabaseTime.Now(time) + ClaimFor)),
            row => row.GetBoolean(0),
            ct).ConfigureAwait(false);
        return cancelled.Count == 0 ? RunClaim.Lost : cancelled[0] ? RunClaim.CancelRequested : RunClaim.Held;
    }

    /// <summary>Ends a run; false when it is no longer this claim's.</summary>
    /// <param name="resultJson">What came of it, for the caller.</param>
    public async Task<bool> FinishAsync(
        StorageSession session, ClaimedRun run, RunEnd end, string? message, string? resultJson, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(run);
        return await session.ExecuteAsync(
            session.Of(
                """
                UPDATE sync_runs SET state = $4, message = coalesce($5, message), result = $6::jsonb, finished_at = $7, claimed_until = NULL
                WHERE tenant_id = $1 AND run_id = $2 AND state = 'running' AND attempts = $3
                """,
                Sql.P(run.RunId), Sql.P(run.Attempts), Sql.P(Word(end)), Sql.P(message),
                Sql.P(resultJson), Sql.P(DatabaseTime.Now(time))),
            ct).ConfigureAwait(false) == 1;
    }

    /// <summary>
    /// Gives a claim back: what went wrong may pass. The run is claimed again after a short while, and this attempt counts.
    /// </summary>
    /// <returns>False when it is no longer this claim's.</returns>
    public async Task<bool> GiveBackAsync(StorageSession session, ClaimedRun run, string message, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(run);
        return await session.ExecuteAsync(
            session.Of(
                """
                UPDATE sync_runs SET claimed_until = $4, message = $5
                WHERE tenant_id = $1 AND run_id = $2 AND state = 'running' AND attempts = $3
                """,
                Sql.P(run.RunId), Sql.P(run.Attempts), Sql.P(DatabaseTime.Now(time) + (Pause * run.Attempts)), Sql.P(message)),
            ct).ConfigureAwait(false) == 1;
    }

    private static string Word(RunEnd end) => end switch
    {
        RunEnd.Succeeded => "succeeded",
        RunEnd.Failed => "failed",
        RunEnd.Cancelled => "cancelled",
    };
}
