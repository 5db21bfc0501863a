using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Drift;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Audit;

/// <summary>Looks for slow drift: small differences of one kind, day after day (docs/drift.md).</summary>
/// <param name="source">Acts as the worker role.</param>
public sealed class DriftTrends(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Opens an incident for each connection of a tenant that drifts slowly, and closes those of connections that do not any more.</summary>
    /// <returns>How many drift.</returns>
    public async Task<int> WatchAsync(TenantId tenant, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var days = await session.QueryAsync(
            session.Of(
                """
                SELECT l.connection_id, (d.at AT TIME ZONE 'UTC')::date, count(DISTINCT d.sku_id)::int, sum(d.actual - d.expected)::bigint
                FROM drift_cases d JOIN listing_levels l USING (tenant_id, level_id)
                WHERE d.tenant_id = $1 AND d.class IN (3, 4) AND d.at >= $2
                GROUP BY 1, 2
                UNION ALL
                SELECT e.connection_id, (e.recorded_at AT TIME ZONE 'UTC')::date, count(DISTINCT e.sku_id)::int, sum(e.delta)::bigint
                FROM ledger_entries e
                WHERE e.tenant_id = $1 AND e.recorded_at >= $2 AND e.reason = $3 AND e.bucket = 1 AND e.connection_id IN (
                  SELECT s.connection_id FROM sources s WHERE s.tenant_id = $1 AND s.created_at < $2 AND EXISTS (
                    SELECT FROM ledger_entries m
                    WHERE m.tenant_id = $1 AND m.recorded_at >= $2 AND m.reason = $4 AND m.connection_id = s.connection_id))
                GROUP BY 1, 2
                """,
                Sql.P(new DateTimeOffset(today.AddDays(1 - SlowDrift.Days), TimeOnly.MinValue, TimeSpan.Zero)),
                Sql.P((short)EntryReason.SourcePosition), Sql.P((short)EntryReason.SourceMovement)),
            row => (Connection: new ConnectionId(row.GetInt64(0)), Day: new DriftDay(row.GetFieldValue<DateOnly>(1), row.GetInt32(2), row.GetInt64(3))),
            ct).ConfigureAwait(false);
        var connections = await session.QueryAsync(
            session.Of("SELECT connection_id, kind FROM connections WHERE tenant_id = $1"),
            row => (Id: new ConnectionId(row.GetInt64(0)), IsSource: ConnectionKinds.IsSource(row.GetString(1))), ct).ConfigureAwait(false);
        var drifting = connections
            .Select(c => (Connection: c, Units: SlowDrift.Of(days.Where(d => d.Connection == c.Id).Select(d => d.Day), today)))
            .Where(c => c.Units != 0).ToDictionary(c => c.Connection, c => c.Units);
        var cured = connections.Where(c => !drifting.ContainsKey(c)).Select(c => KeyOf(c.Id)).ToList();
        var incidents = drifting.Select(d => new Incident(
            KeyOf(d.Key.Id), "slow-drift",
            string.Create(
                CultureInfo.InvariantCulture,
                $"{(d.Key.IsSource ? "The source's positions" : "Readings")} were {Math.Abs(d.Value)} units {(d.Value < 0 ? "below" : "above")} {(d.Key.IsSource ? "what its movements explain" : "the ledger")} in {SlowDrift.Days} days, a little on many SKUs each day."),
            d.Key.Id, null, null, now)).ToList();
        await using var batch = session.Batch(
            CaseRows.CloseIncidents(session, cured, now), CaseRows.UpsertIncidents(session, incidents));
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return drifting.Count;
    }

    private static string KeyOf(ConnectionId connection) =>
        string.Create(CultureInfo.InvariantCulture, $"slow-drift:{connection.Value}");
}
