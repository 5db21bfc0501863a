using System.Data.Common;
using Npgsql;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;

namespace SyncFlow.Storage.Front;

/// <summary>An incident: what a person must look at.</summary>
public sealed record IncidentView(
    long Id, string Key, string Kind, string Message, long? ConnectionId, long? SkuId, string? Sku, long? LevelId,
    DateTimeOffset OpenedAt, DateTimeOffset SeenAt, int Times, DateTimeOffset? ClosedAt);

/// <summary>An incident that is closed.</summary>
/// <param name="StoppedLevel">The level it was about, where writes to it are stopped still; else null.</param>
public sealed record ClosedIncident(long Id, DateTimeOffset ClosedAt, long? StoppedLevel);

/// <summary>A difference between a level and what the ledger can explain.</summary>
public sealed record DriftView(
    long Id, long SkuId, string Sku, long LevelId, DriftClass Class, int Expected, int Actual, string Action, DateTimeOffset At,
    DateTimeOffset? ClosedAt);

/// <summary>Incidents and drift cases.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class OperationsDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Incidents, newest first.</summary>
    public Task<List<IncidentView>> IncidentsAsync(
        long tenant, bool? open, string? kind, long? before, int count, CancellationToken ct)
    {
        const string sql =
            """
            SELECT i.incident_id, i.incident_key, i.kind, i.message, i.connection_id, i.sku_id, s.code, i.level_id, i.opened_at,
                   i.seen_at, i.times, i.closed_at
            FROM incidents i LEFT JOIN skus s USING (tenant_id, sku_id)
            WHERE i.tenant_id = $1 AND ($2::bool IS NULL OR (i.closed_at IS NULL) = $2) AND ($3::text IS NULL OR i.kind = $3)
              AND ($4::bigint IS NULL OR i.incident_id < $4)
            ORDER BY i.incident_id DESC LIMIT $5
            """;
        return source.ListAsync(tenant, sql, ReadIncident, [open, kind, before, count], ct);
    }

    /// <summary>Closes an incident. Closed already is no error.</summary>
    /// <returns>Null where there is no such incident.</returns>
    public Task<ClosedIncident?> CloseIncidentAsync(long tenant, long incident, CancellationToken ct)
    {
        const string sql =
            """
            UPDATE incidents i SET closed_at = coalesce(i.closed_at, $3) WHERE i.tenant_id = $1 AND i.incident_id = $2
            RETURNING i.incident_id, i.closed_at,
              (SELECT v.level_id FROM listing_levels v WHERE v.tenant_id = $1 AND v.level_id = i.level_id AND v.status = ANY ($4))
            """;
        short[] stopped = [(short)LevelStatus.Halted, (short)LevelStatus.Blocked];
        return source.FirstAsync(
            tenant, sql, row => new ClosedIncident(row.GetInt64(0), row.Time(1), row.LongOrNull(2)), [incident, time.GetUtcNow(), stopped], ct);
    }

    /// <summary>Drift cases, newest first.</summary>
    public Task<List<DriftView>> DriftAsync(
        long tenant, string? sku, DriftClass? kind, long? before, int count, CancellationToken ct)
    {
        const string sql =
            """
            SELECT d.drift_id, d.sku_id, s.code, d.level_id, d.class, d.expected, d.actual, d.action, d.at, d.closed_at
            FROM drift_cases d JOIN skus s USING (tenant_id, sku_id)
            WHERE d.tenant_id = $1 AND ($2::text IS NULL OR s.code_key = $2) AND ($3::smallint IS NULL OR d.class = $3)
              AND ($4::bigint IS NULL OR d.drift_id < $4)
            ORDER BY d.drift_id DESC LIMIT $5
            """;
        return source.ListAsync(tenant, sql, ReadDrift, [sku is null ? null : SkuDesk.KeyOf(sku), (short?)kind, before, count], ct);
    }

    private static IncidentView ReadIncident(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.LongOrNull(4), row.LongOrNull(5), row.Text(6),
        row.LongOrNull(7), row.Time(8), row.Time(9), row.GetInt32(10), row.TimeOrNull(11));

    private static DriftView ReadDrift(DbDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetInt64(3), (DriftClass)row.GetInt16(4), row.GetInt32(5),
        row.GetInt32(6), row.GetString(7), row.Time(8), row.TimeOrNull(9));
}
