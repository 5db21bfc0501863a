using System.Data.Common;
using Npgsql;

namespace SyncFlow.Storage.Front;

/// <summary>How a connection parks units that are not to be sold on it (docs/parking.md).</summary>
/// <param name="Enabled">What the merchant set.</param>
/// <param name="Levels">Levels on which units are parked, or may be.</param>
/// <param name="Waiting">Levels that wait for the first reading of their parked state, or have safety stock that is not ours.</param>
/// <param name="Emptying">Levels that take out what they have parked, because it is no longer set.</param>
/// <param name="InUse">Of those that wait, levels where a reading found safety stock that is not ours.</param>
/// <param name="Parked">Units that lie parked.</param>
/// <param name="NotShown">Units that lie there and are not in the channel's on-hand yet.</param>
/// <param name="StillShown">Units that are gone and still in the channel's on-hand.</param>
public sealed record ParkingView(
    bool Enabled, int Levels, int Waiting, int Emptying, int InUse, long Parked, long NotShown, long StillShown);

/// <summary>What became of a wish to have units parked.</summary>
public enum ParkingChange
{
    /// <summary>Set.</summary>
    Done,

    /// <summary>There is no such connection, or it is closed.</summary>
    NoSuchConnection,

    /// <summary>Its channel has no state to park units in, or does not compare.</summary>
    NotSupported,

    /// <summary>It is the authority for on-hand of nothing, by its setting and by every rule.</summary>
    NotTheAuthority,
}

/// <summary>The switch per connection of rule R14.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class ParkingDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>How it stands; null where the tenant has no such connection.</summary>
    public Task<ParkingView?> FindAsync(long tenant, long connection, CancellationToken ct)
    {
        const string sql =
            """
            SELECT coalesce((c.settings->>'parksUnits')::bool, false), count(*) FILTER (WHERE l.kept)::int,
              count(*) FILTER (WHERE l.waits)::int, count(*) FILTER (WHERE l.known AND NOT l.kept)::int,
              (SELECT count(*)::int FROM incidents i WHERE i.tenant_id = $1 AND i.connection_id = $2
                AND i.kind = 'safety-stock-in-use' AND i.closed_at IS NULL),
              coalesce(sum(l.parked) FILTER (WHERE l.known), 0)::bigint, coalesce(sum(l.owed) FILTER (WHERE l.owed > 0), 0)::bigint,
              coalesce(-sum(l.owed) FILTER (WHERE l.owed < 0), 0)::bigint
            FROM connections c LEFT JOIN LATERAL (
              SELECT shelf->>'since' IS NOT NULL AS known, shelf->>'since' IS NULL AS waits,
                shelf->>'since' IS NOT NULL AND shelf->>'owed' IS NOT NULL AS kept,
                (shelf->>'parked')::int AS parked, (shelf->>'owed')::int AS owed
              FROM listing_levels v WHERE v.tenant_id = $1 AND v.connection_id = $2 AND v.shelf IS NOT NULL) l ON true
            WHERE c.tenant_id = $1 AND c.connection_id = $2 GROUP BY c.settings
            """;
        return source.FirstAsync(tenant, sql, Read, [connection], ct);
    }

    /// <summary>
    /// Sets it, and asks the worker (run kind <c>replan</c>) to bring the connection's levels in line, in one transaction:
    /// they ask for a reading before anything is parked, and take out what they have parked when it is switched off.
    /// </summary>
    public async Task<ParkingChange> SetAsync(long tenant, long connection, bool enabled, CancellationToken ct)
    {
        const string sql =
            """
            WITH found AS (
              SELECT c.connection_id, CASE WHEN c.kind <> 'shopify' THEN 2
                WHEN $3::bool AND NOT coalesce((c.settings->>'ownsOnHand')::bool, false)
                  AND NOT EXISTS (SELECT FROM authority_rules r WHERE r.tenant_id = $1 AND r.connection_id = $2) THEN 3
                ELSE 0 END AS answer
              FROM connections c WHERE c.tenant_id = $1 AND c.connection_id = $2 AND c.status <> 7),
            changed AS (
              UPDATE connections c SET settings = jsonb_set(c.settings, '{parksUnits}', to_jsonb($3::bool)), updated_at = $4
              FROM found f WHERE f.answer = 0 AND c.tenant_id = $1 AND c.connection_id = f.connection_id
                AND coalesce((c.settings->>'parksUnits')::bool, false) <> $3
              RETURNING c.connection_id),
            replan AS (
              INSERT INTO sync_runs (tenant_id, kind, connection_id, parameters, created_at)
              SELECT $1, 'replan', connection_id, '{}', $4 FROM changed)
            SELECT answer FROM found
            """;
        var answers = await source.ListAsync(
            tenant, sql, row => (ParkingChange)row.GetInt32(0), [connection, enabled, time.GetUtcNow()], ct).ConfigureAwait(false);
        return answers is [var answer] ? answer : ParkingChange.NoSuchConnection;
    }

    private static ParkingView Read(DbDataReader row) => new(
        row.GetBoolean(0), row.GetInt32(1), row.GetInt32(2), row.GetInt32(3), row.GetInt32(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7));
}
