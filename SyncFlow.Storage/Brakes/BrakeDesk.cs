using System.Collections.Immutable;
using System.Data.Common;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Brakes;

/// <summary>A freeze switch as it stands.</summary>
/// <param name="ConnectionId">Its connection; null for the switch of the whole tenant.</param>
/// <param name="Why">In the words of whoever set it.</param>
/// <param name="Who">Name of the API key.</param>
/// <param name="Since">When it was set as it stands.</param>
/// <param name="Version">Rises with every change; 0 while it was never set.</param>
public sealed record BrakeView(
    long? ConnectionId, BrakeStrength Strength, string Why, string Who, DateTimeOffset? Since, long Version);

/// <summary>What became of a wish to set a switch.</summary>
/// <param name="Brake">As it stands now.</param>
/// <param name="Done">False where somebody changed it since the caller read it.</param>
public sealed record BrakeChange(BrakeView Brake, bool Done);

/// <summary>Freeze switches: one for the tenant, one for each connection; the stronger is in force.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class BrakeDesk(NpgsqlDataSource source, PlanPreview preview, TimeProvider time)
{
    private const string Columns = "SELECT connection_id, strength, why, who, since, version FROM brakes WHERE tenant_id = $1";

    /// <summary>All switches that are on, the tenant's first.</summary>
    public async Task<List<BrakeView>> ListAsync(long tenant, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        return await session.QueryAsync(session.Of(Columns + " AND strength > 0 ORDER BY connection_id"), Read, ct).ConfigureAwait(false);
    }

    /// <summary>One switch, also where it was never set.</summary>
    public async Task<BrakeView> FindAsync(long tenant, long? connection, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        return await FindAsync(session, connection, ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Sets a switch and asks the worker to plan again, in one transaction. The same wish again changes nothing. When
    /// it returns, every plan that had not seen the switch is committed, and every later one sees it.
    /// </summary>
    /// <param name="expected">The version the caller read; null where any will do.</param>
    public async Task<BrakeChange> SetAsync(
        long tenant, long? connection, BrakeStrength strength, string why, string who, long? expected, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        await BrakeLock.EnterSwitchAsync(session, ct).ConfigureAwait(false);
        var before = await FindAsync(session, connection, ct).ConfigureAwait(false);
        if (expected is not null && expected != before.Version)
        {
            return new BrakeChange(before, false);
        }

        if (before.Strength == strength && (before.Why == why || strength == BrakeStrength.None))
        {
            return new BrakeChange(before, true);
        }

        var now = DatabaseTime.Now(time);
        await using var batch = session.Batch(
            session.Of(UpsertSql, Sql.P(connection ?? 0), Sql.P((short)strength), Sql.P(why), Sql.P(who), Sql.P(now)),
            session.Of(
                "INSERT INTO sync_runs (tenant_id, kind, connection_id, parameters, created_at) VALUES ($1, 'replan', $2, '{}', $3)",
                Sql.P(connection), Sql.P(now)),
            session.Of(
                """
                INSERT INTO audit_log (tenant_id, at, actor, action, subject, before, after)
                VALUES ($1, $2, $3, 'brake', $4, jsonb_build_object('strength', $5::text, 'why', $6::text), jsonb_build_object('strength', $7::text, 'why', $8::text))
                """,
                Sql.P(now), Sql.P(who), Sql.P(connection is { } id ? $"connection:{id}" : "tenant"),
                Sql.P(before.Strength.ToString()), Sql.P(before.Why), Sql.P(strength.ToString()), Sql.P(why)));
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        var after = await FindAsync(session, connection, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return new BrakeChange(after, true);
    }

    /// <summary>The writes that would follow if a switch stood at <paramref name="strength"/>; the others stay as they are.</summary>
    public async Task<List<PlannedWrite>> PreviewAsync(long tenant, long? connection, BrakeStrength strength, CancellationToken ct)
    {
        var others = (await ListAsync(tenant, ct).ConfigureAwait(false))
            .Where(b => b.ConnectionId != connection)
            .ToDictionary(b => b.ConnectionId ?? 0, b => b.Strength);
        others[connection ?? 0] = strength;
        ChannelSettings Braked(ChannelSettings channel) => channel with
        {
            Brake = (BrakeStrength)Math.Max(
                (short)others.GetValueOrDefault(0), (short)others.GetValueOrDefault(channel.Connection.Value)),
        };
        return await preview.WritesAsync(
            new TenantId(tenant),
            new SkuFilter(connection is { } id ? new ConnectionId(id) : null),
            context => context with { Channels = context.Channels.ToImmutableDictionary(pair => pair.Key, pair => Braked(pair.Value)) },
            ct).ConfigureAwait(false);
    }

    private static async Task<BrakeView> FindAsync(StorageSession session, long? connection, CancellationToken ct)
    {
        var found = await session.QueryAsync(session.Of(Columns + " AND connection_id = $2", Sql.P(connection ?? 0)), Read, ct).ConfigureAwait(false);
        return found.SingleOrDefault() ?? new BrakeView(connection, BrakeStrength.None, "", "", null, 0);
    }

    /// <summary>Reads connection, strength, why, who, since and version, beginning with a column.</summary>
    internal static BrakeView Read(DbDataReader row, int first) => new(
        row.GetInt64(first) is var id && id == 0 ? null : id, (BrakeStrength)row.GetInt16(first + 1), row.GetString(first + 2),
        row.GetString(first + 3), row.GetFieldValue<DateTimeOffset>(first + 4), row.GetInt64(first + 5));

    private static BrakeView Read(NpgsqlDataReader row) => Read(row, 0);

    private const string UpsertSql =
        """
        INSERT INTO brakes AS b (tenant_id, connection_id, strength, why, who, since) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (tenant_id, connection_id) DO UPDATE
        SET strength = excluded.strength, why = excluded.why, who = excluded.who, since = excluded.since, version = b.version + 1
        """;
}
