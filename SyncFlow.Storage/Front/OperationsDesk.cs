using System.Data.Common;
using Npgsql;
using SyncFlow.Core.Engine;

namespace SyncFlow.Storage.Front;

/// <summary>How far a push is. The numbers are stored; they never change meaning.</summary>
public enum PushState : short
{
    Planned = 0,
    Sent = 1,
    Settled = 2,
    Unknown = 3,
}

/// <summary>One call that sets levels.</summary>
public sealed record PushView(
    Guid Id, long ConnectionId, PushState State, int Elements, DateTimeOffset PlannedAt, DateTimeOffset? SentAt,
    DateTimeOffset? SettledAt, DateTimeOffset Deadline, string? Fault);

/// <summary>An incident: what a person must look at.</summary>
public sealed record IncidentView(
    long Id, string Key, string Kind, string Message, long? ConnectionId, long? SkuId, string? Sku, long? LevelId,
    DateTimeOffset OpenedAt, DateTimeOffset SeenAt, int Times, DateTimeOffset? ClosedAt);

/// <summary>A difference between a level and what the ledger can explain.</summary>
public sealed record DriftView(
    long Id, long SkuId, string Sku, long LevelId, DriftClass Class, int Expected, int Actual, string Action, DateTimeOffset At,
    DateTimeOffset? ClosedAt);

/// <summary>Pushes, incidents and drift cases.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class OperationsDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const string PushColumns =
        """
        SELECT push_id, connection_id, state, elements, planned_at, sent_at, settled_at, deadline, fault
        FROM pushes WHERE tenant_id = $1
        """;

    /// <summary>Pushes, newest first. Their ids are in order of time.</summary>
    public Task<List<PushView>> PushesAsync(
        long tenant, long? connection, PushState? state, Guid? before, int count, CancellationToken ct)
    {
        const string sql = PushColumns +
            """
             AND ($2::bigint IS NULL OR connection_id = $2) AND ($3::smallint IS NULL OR state = $3)
             AND ($4::uuid IS NULL OR push_id < $4) ORDER BY push_id DESC LIMIT $5
            """;
        return source.ListAsync(tenant, sql, ReadPush, [connection, (short?)state, before, count], ct);
    }

    /// <summary>One push, or null.</summary>
    public Task<PushView?> FindPushAsync(long tenant, Guid push, CancellationToken ct) =>
        source.FirstAsync(tenant, PushColumns + " AND push_id = $2", ReadPush, [push], ct);

    /// <summary>The levels of a push.</summary>
    public Task<List<LevelPush>> PushLevelsAsync(long tenant, Guid push, CancellationToken ct)
    {
        const string sql =
            """
            SELECT p.push_id, p.level_id, c.name, l.code, p.from_units, p.to_units, p.planned_at, p.outcome, p.code,
                   p.acknowledged_at, p.verified_at, p.changes
            FROM push_levels p JOIN listing_levels v USING (tenant_id, level_id)
            JOIN connections c USING (tenant_id, connection_id) JOIN locations l USING (tenant_id, location_id)
            WHERE p.tenant_id = $1 AND p.push_id = $2 ORDER BY p.ordinal
            """;
        return source.ListAsync(tenant, sql, LedgerDesk.ReadPush, [push], ct);
    }

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
    /// <returns>Whether there is such an incident.</returns>
    public async Task<bool> CloseIncidentAsync(long tenant, long incident, CancellationToken ct)
    {
        const string sql = "UPDATE incidents SET closed_at = coalesce(closed_at, $3) WHERE tenant_id = $1 AND incident_id = $2";
        return await source.ExecuteAsync(tenant, sql, [incident, time.GetUtcNow()], ct).ConfigureAwait(false) == 1;
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

    private static PushView ReadPush(DbDataReader row) => new(
        row.GetGuid(0), row.GetInt64(1), (PushState)row.GetInt16(2), row.GetInt32(3), row.Time(4), row.TimeOrNull(5),
        row.TimeOrNull(6), row.Time(7), row.Text(8));

    private static IncidentView ReadIncident(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.LongOrNull(4), row.LongOrNull(5), row.Text(6),
        row.LongOrNull(7), row.Time(8), row.Time(9), row.GetInt32(10), row.TimeOrNull(11));

    private static DriftView ReadDrift(DbDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetInt64(3), (DriftClass)row.GetInt16(4), row.GetInt32(5),
        row.GetInt32(6), row.GetString(7), row.Time(8), row.TimeOrNull(9));
}
