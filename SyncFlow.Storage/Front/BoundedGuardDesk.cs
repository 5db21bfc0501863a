using Npgsql;
using SyncFlow.Core.Allocation;
using SyncFlow.Storage.Configuration;

namespace SyncFlow.Storage.Front;

/// <summary>Bounded guard as people see it.</summary>
/// <param name="LagSeconds">The lag in force, in seconds.</param>
/// <param name="Factor">The safety factor in force.</param>
/// <param name="LagIsSet">Whether a person named the lag; else it follows what is measured.</param>
/// <param name="Proven">Always false: guard proves nothing on this channel any more.</param>
public sealed record BoundedGuardView(double LagSeconds, double Factor, bool LagIsSet, bool Proven)
{
    /// <summary>What settings say; null where bounded guard is not set.</summary>
    public static BoundedGuardView? Of(ConnectionSettings settings, double settleSeconds)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return settings.BoundedBy(settleSeconds) is { } guard
            ? new BoundedGuardView(guard.LagSeconds, guard.Factor, settings.BoundedGuard?.LagSeconds is not null, Proven: false)
            : null;
    }
}

/// <summary>How a connection is guarded (rule R15).</summary>
/// <param name="Enabled">Whether bounded guard is set.</param>
/// <param name="Guard">The lag and the factor; null where it is not set.</param>
/// <param name="Levels">Levels off which units are kept.</param>
/// <param name="KeptOff">Sales that are kept off them.</param>
/// <param name="InDoubt">Published levels that no drained reading has looked at since they were written or sold from.</param>
public sealed record BoundedGuardStanding(bool Enabled, BoundedGuardView? Guard, int Levels, long KeptOff, int InDoubt);

/// <summary>What came of a wish to guard a connection otherwise.</summary>
/// <param name="Found">Whether there is such a connection, and it is not closed.</param>
/// <param name="Fault">Why it cannot be set so; null where it can.</param>
public sealed record BoundedGuardChange(bool Found, BoundedGuardFault? Fault);

/// <summary>The switch per connection between proof and flow (rule R15).</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class BoundedGuardDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>How it stands; null where the tenant has no such connection.</summary>
    public async Task<BoundedGuardStanding?> FindAsync(long tenant, long connection, CancellationToken ct)
    {
        const string sql =
            """
            SELECT c.settings::text, c.settle_seconds, count(*) FILTER (WHERE v.lag_reserve > 0)::int, coalesce(sum(v.lag_reserve), 0)::bigint,
              count(*) FILTER (WHERE v.status = 3 AND (v.needs_reading OR v.unverified_units > 0 OR v.in_flight_kind = 2 AND v.in_flight_push IS NOT NULL))::int
            FROM connections c LEFT JOIN listing_levels v ON v.tenant_id = $1 AND v.connection_id = c.connection_id
            WHERE c.tenant_id = $1 AND c.connection_id = $2 GROUP BY c.settings, c.settle_seconds
            """;
        return await source.FirstAsync(
            tenant, sql,
            row =>
            {
                var guard = BoundedGuardView.Of(ConnectionSettings.Parse(row.GetString(0)), row.GetDouble(1));
                return new BoundedGuardStanding(guard is not null, guard, row.GetInt32(2), row.GetInt64(3), guard is null ? 0 : row.GetInt32(4));
            },
            [connection], ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Sets it, and asks the worker (run kind <c>replan</c>) to bring the connection's levels in line, in one transaction.
    /// Setting what is set already changes nothing.
    /// </summary>
    /// <param name="wish">Null to have guard proven again.</param>
    public async Task<BoundedGuardChange> SetAsync(long tenant, long connection, BoundedGuardSettings? wish, CancellationToken ct)
    {
        const string find = "SELECT kind FROM connections WHERE tenant_id = $1 AND connection_id = $2 AND status <> 7";
        if (await source.FirstAsync(tenant, find, row => row.GetString(0), [connection], ct).ConfigureAwait(false) is not { } kind)
        {
            return new BoundedGuardChange(Found: false, null);
        }

        // What a connection is does not change, and switching off is right for any.
        if (wish is not null && BoundedGuard.Check(ConnectionKinds.Compares(kind), wish.LagSeconds, wish.Factor) is { } fault)
        {
            return new BoundedGuardChange(Found: true, fault);
        }

        const string sql =
            """
            WITH changed AS (
              UPDATE connections c SET updated_at = $4, settings = CASE WHEN $3::jsonb IS NULL
                THEN c.settings - 'boundedGuard' ELSE jsonb_set(c.settings, '{boundedGuard}', $3::jsonb) END
              WHERE c.tenant_id = $1 AND c.connection_id = $2 AND c.status <> 7 AND c.settings->'boundedGuard' IS DISTINCT FROM $3::jsonb
              RETURNING c.connection_id)
            INSERT INTO sync_runs (tenant_id, kind, connection_id, parameters, created_at)
            SELECT $1, 'replan', connection_id, '{}', $4 FROM changed RETURNING 1
            """;
        await source.ListAsync(
            tenant, sql, row => row.GetInt32(0),
            [connection, wish?.ToJson(), time.GetUtcNow()], ct).ConfigureAwait(false);
        return new BoundedGuardChange(Found: true, null);
    }
}
