using System.Collections.Immutable;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Allocation;

/// <summary>A policy, or one version of it, as people see it.</summary>
/// <param name="Of">Code of the group or SKU; null for the tenant.</param>
/// <param name="Version">Rises with every change; 0 while there never was one.</param>
/// <param name="Channels">Rules of channels; null where it was withdrawn, or never was.</param>
/// <param name="ChangedBy">Name of the caller.</param>
public sealed record PolicyView(
    PolicyScope Scope, string? Of, int Version, SharingMode? Mode, IReadOnlyList<ChannelRuleView>? Channels,
    DateTimeOffset? ChangedAt, string? ChangedBy);

/// <summary>What one channel may have; see <see cref="ChannelRule"/>.</summary>
public sealed record ChannelRuleView(
    long ConnectionId, int Reserve, int Minimum, int? Cap, decimal? Percent, double? Weight, int? Priority);

/// <summary>Allocation policies, versioned. They are set by way of the breaker (<see cref="RuleDesk"/>).</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class PolicyDesk(NpgsqlDataSource source)
{
    private const string Columns =
        """
        SELECT p.scope, coalesce(g.code, s.code), p.version, p.mode, p.rules::text, p.changed_at, p.changed_by
        FROM {0} p
        LEFT JOIN sku_groups g ON p.scope = 2 AND g.tenant_id = p.tenant_id AND g.group_id = p.scope_id
        LEFT JOIN skus s ON p.scope = 3 AND s.tenant_id = p.tenant_id AND s.sku_id = p.scope_id
        WHERE p.tenant_id = $1
        """;

    private static readonly string Newest = Columns.Replace("{0}", "allocation_policies", StringComparison.Ordinal);

    private static readonly string Versions = Columns.Replace("{0}", "allocation_versions", StringComparison.Ordinal);

    /// <summary>Policies in force, the tenant's first, then groups', then SKUs'.</summary>
    /// <param name="after">Only those behind this scope and number.</param>
    public async Task<List<(PolicyView View, long Of)>> ListAsync(
        TenantId tenant, (PolicyScope Scope, long Of) after, int count, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of(
                Newest.Replace("p.changed_by\n", "p.changed_by, p.scope_id\n", StringComparison.Ordinal)
                    + " AND p.rules IS NOT NULL AND (p.scope, p.scope_id) > ($2, $3) ORDER BY p.scope, p.scope_id LIMIT $4",
                Sql.P((short)after.Scope), Sql.P(after.Of), Sql.P(count)),
            row => (Read(row), row.GetInt64(7)),
            ct).ConfigureAwait(false);
    }

    /// <summary>One scope's policy; version 0 where there never was one.</summary>
    public async Task<PolicyView> FindAsync(TenantId tenant, PolicyScope scope, long of, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await FindAsync(session, scope, of, ct).ConfigureAwait(false);
    }

    /// <summary>Every version of a scope's policy, newest first.</summary>
    public async Task<List<PolicyView>> VersionsAsync(
        TenantId tenant, PolicyScope scope, long of, int? before, int count, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of(
                Versions + " AND p.scope = $2 AND p.scope_id = $3 AND ($4::int IS NULL OR p.version < $4) ORDER BY p.version DESC LIMIT $5",
                Sql.P((short)scope), Sql.P(of), Sql.P(before), Sql.P(count)),
            Read,
            ct).ConfigureAwait(false);
    }

    /// <summary>The tenant's connections: whose rules there may be.</summary>
    public async Task<HashSet<ConnectionId>> ConnectionsAsync(TenantId tenant, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return [.. await session.QueryAsync(
            session.Of("SELECT connection_id FROM connections WHERE tenant_id = $1"),
            row => new ConnectionId(row.GetInt64(0)),
            ct).ConfigureAwait(false)];
    }

    /// <summary>A scope's policy in the form of a change that puts it back.</summary>
    internal static async Task<AllocationChange> CurrentAsync(StorageSession session, PolicyScope scope, long of, CancellationToken ct)
    {
        var policy = await FindAsync(session, scope, of, ct).ConfigureAwait(false);
        return new AllocationChange(scope, of, policy.Mode, policy.Channels is null ? null : Rules(policy)) { Replaces = policy.Version };
    }

    /// <summary>Sets or withdraws a policy and asks the worker to plan the SKUs it reaches (run kind <c>replan</c>).</summary>
    internal static async Task WriteAsync(StorageSession session, AllocationChange change, string by, DateTimeOffset at, CancellationToken ct)
    {
        await using var batch = session.Batch(
            session.Of(
                UpsertSql, Sql.P((short)change.Scope), Sql.P(change.Of), Sql.P(change.Channels is null ? null : (short?)change.Mode),
                Sql.P(change.Channels is { } channels ? RuleJson.Write(channels) : null), Sql.P(at), Sql.P(by)),
            PolicyReach.Replan(session, change.Scope, change.Of, at));
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    private static async Task<PolicyView> FindAsync(StorageSession session, PolicyScope scope, long of, CancellationToken ct)
    {
        var found = await session.QueryAsync(
            session.Of(Newest + " AND p.scope = $2 AND p.scope_id = $3", Sql.P((short)scope), Sql.P(of)), Read, ct).ConfigureAwait(false);
        return found.SingleOrDefault() ?? new PolicyView(scope, null, 0, null, null, null, null);
    }

    private static ImmutableArray<ChannelRule> Rules(PolicyView view) => [.. view.Channels!.Select(r => new ChannelRule(new ConnectionId(r.ConnectionId))
    {
        Reserve = r.Reserve,
        Minimum = r.Minimum,
        Cap = r.Cap,
        Percent = r.Percent,
        Weight = r.Weight,
        Priority = r.Priority,
    })];

    private static PolicyView Read(NpgsqlDataReader row) => new(
        (PolicyScope)row.GetInt16(0), row.Text(1), row.GetInt32(2), (SharingMode?)row.Nullable<short>(3),
        row.Text(4) is { } rules
            ? [.. RuleJson.Read(rules).Select(
                r => new ChannelRuleView(r.Channel.Value, r.Reserve, r.Minimum, r.Cap, r.Percent, r.Weight, r.Priority))]
            : null,
        row.Moment(5), row.GetString(6));

    private const string UpsertSql =
        """
        WITH set AS (
          INSERT INTO allocation_policies AS p (tenant_id, scope, scope_id, version, mode, rules, changed_at, changed_by)
          VALUES ($1, $2, $3, 1, $4, $5::jsonb, $6, $7)
          ON CONFLICT (tenant_id, scope, scope_id) DO UPDATE SET version = p.version + 1, mode = excluded.mode,
            rules = excluded.rules, changed_at = excluded.changed_at, changed_by = excluded.changed_by
          RETURNING *
        )
        INSERT INTO allocation_versions (tenant_id, scope, scope_id, version, mode, rules, changed_at, changed_by)
        SELECT tenant_id, scope, scope_id, version, mode, rules, changed_at, changed_by FROM set
        """;
}
