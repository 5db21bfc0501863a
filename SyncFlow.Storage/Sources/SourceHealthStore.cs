using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Sources;

/// <summary>
/// Judges a tenant's sources, and where a verdict changes writes it down, opens or closes its incident, sets what is
/// withheld at the locations it feeds, and has their SKUs planned again.
/// </summary>
/// <param name="source">Acts as the worker role.</param>
/// <param name="time">The clock.</param>
public sealed class SourceHealthStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>A server that keeps more log for a capture is read too slowly, and may give the log up.</summary>
    public const long MostLagBytes = 1L << 30;

    /// <summary>Judges all sources of a tenant; returns how many verdicts changed.</summary>
    public async Task<int> JudgeAsync(TenantId tenant, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var all = await session.QueryAsync(
            session.Of(
                """
                SELECT s.connection_id, c.name, s.state, s.cadence_seconds, s.received_at, s.missing_sequences, s.error_rate, s.health, s.health_reason,
                  CASE WHEN p.failures > 1 THEN 'asking it fails: ' || p.fault
                    WHEN k.problem IS NOT NULL THEN 'its changes are not captured: ' || k.problem
                    WHEN k.lag_bytes > $2 THEN 'its server keeps ' || pg_size_pretty(k.lag_bytes) || ' of log that is not captured yet' END
                FROM sources s JOIN connections c USING (tenant_id, connection_id) LEFT JOIN source_pulls p USING (tenant_id, connection_id)
                  LEFT JOIN source_captures k USING (tenant_id, connection_id)
                WHERE s.tenant_id = $1
                """,
                Sql.P(MostLagBytes)),
            row => (
                Id: row.GetInt64(0), Name: row.GetString(1),
                Verdict: SourceVerdict.Of(
                    new SourceSigns(
                        (SourceState)row.GetInt16(2), TimeSpan.FromSeconds(row.GetInt32(3)), row.Nullable<DateTimeOffset>(4), row.GetInt64(5), row.GetDouble(6),
                        row.Text(9)),
                    now),
                Before: (SourceHealth)row.GetInt16(7), Reason: row.Text(8)),
            ct).ConfigureAwait(false);
        var changed = all.FindAll(s => s.Verdict.Health != s.Before || s.Verdict.Reason != s.Reason);
        foreach (var one in changed)
        {
            await WriteAsync(session, one.Id, one.Name, one.Verdict, now, ct).ConfigureAwait(false);
        }

        if (changed.Count > 0)
        {
            await WidenAsync(session, now, ct).ConfigureAwait(false);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
        return changed.Count;
    }

    private static async Task WriteAsync(
        StorageSession session, long id, string name, SourceVerdict verdict, DateTimeOffset now, CancellationToken ct)
    {
        await session.ExecuteAsync(
            session.Of(
                "UPDATE sources SET health = $3, health_reason = $4, buffer_percent = $5 WHERE tenant_id = $1 AND connection_id = $2",
                Sql.P(id), Sql.P((short)verdict.Health), Sql.P(verdict.Reason), Sql.P(verdict.BufferPercent)),
            ct).ConfigureAwait(false);
        var key = string.Create(CultureInfo.InvariantCulture, $"source-health:{id}");
        await session.ExecuteAsync(
            verdict.Reason is null
                ? CaseRows.CloseIncidents(session, [key], now)
                : CaseRows.UpsertIncidents(
                    session,
                    [
                        new Incident(
                            key, "source-health",
                            $"{name} may be wrong: {verdict.Reason}. {verdict.BufferPercent} % of on-hand is withheld where it feeds stock.",
                            new ConnectionId(id), null, null, now),
                    ]),
            ct).ConfigureAwait(false);
    }

    /// <summary>What is withheld at each location: the most that a source asks for which writes on-hand there.</summary>
    private static Task<int> WidenAsync(StorageSession session, DateTimeOffset now, CancellationToken ct) => session.ExecuteAsync(
        session.Of(
            """
            WITH wanted AS (
              SELECT l.location_id, coalesce(max(s.buffer_percent), 0) AS percent
              FROM locations l LEFT JOIN channel_locations m ON m.tenant_id = $1 AND m.location_id = l.location_id
                LEFT JOIN sources s ON s.tenant_id = $1 AND s.connection_id = m.connection_id AND 1 = ANY (s.buckets)
              WHERE l.tenant_id = $1 GROUP BY l.location_id
            ), widened AS (
              UPDATE locations l SET source_buffer = w.percent FROM wanted w
              WHERE l.tenant_id = $1 AND l.location_id = w.location_id AND l.source_buffer <> w.percent RETURNING l.location_id
            )
            INSERT INTO sync_runs (tenant_id, kind, parameters, created_at)
            SELECT $1, 'replan', jsonb_build_object('locationId', location_id), $2 FROM widened
            """,
            Sql.P(now)),
        ct);
}
