using System.Collections.Immutable;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Allocation;

/// <summary>The policies and launches that concern some SKUs, read together with them.</summary>
internal sealed class PolicyBook
{
    private readonly Dictionary<(PolicyScope, long), AllocationPolicy> _policies;
    private readonly ILookup<(PolicyScope, long), Launch> _launches;
    private GroupsAsIf? _groups;

    /// <summary>Of what is known to be in force.</summary>
    public PolicyBook(List<AllocationPolicy> policies, List<(PolicyScope Scope, long Id, Launch Launch)> launches)
    {
        _policies = policies.ToDictionary(p => (p.Scope, p.ScopeId));
        _launches = launches.ToLookup(l => (l.Scope, l.Id), l => l.Launch);
    }

    /// <summary>Its two queries.</summary>
    public static NpgsqlBatchCommand[] Statements(StorageSession session, long[] skus) =>
    [
        session.Of(
            """
            SELECT p.scope, p.scope_id, p.version, p.mode, p.rules::text FROM allocation_policies p
            WHERE p.tenant_id = $1 AND p.rules IS NOT NULL AND (p.scope = 1 OR (p.scope = 3 AND p.scope_id = ANY ($2))
              OR (p.scope = 2 AND p.scope_id IN (
                SELECT k.group_id FROM skus k WHERE k.tenant_id = $1 AND k.sku_id = ANY ($2))))
            """,
            Sql.P(skus)),
        session.Of(
            """
            SELECT l.scope, l.scope_id, l.from_at, l.until_at FROM launches l
            WHERE l.tenant_id = $1 AND l.cancelled_at IS NULL AND l.until_at > now() - interval '1 day'
              AND ((l.scope = 3 AND l.scope_id = ANY ($2)) OR (l.scope = 2 AND l.scope_id IN (
                SELECT k.group_id FROM skus k WHERE k.tenant_id = $1 AND k.sku_id = ANY ($2))))
            ORDER BY l.launch_id
            """,
            Sql.P(skus)),
    ];

    /// <summary>Reads the two results; the reader stands before the first, and on the second afterwards.</summary>
    public static async Task<PolicyBook> ReadNextAsync(NpgsqlDataReader reader, CancellationToken ct)
    {
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        var policies = await StorageSession.ReadAsync(reader, ReadPolicy, ct).ConfigureAwait(false);
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        var launches = await StorageSession.ReadAsync(
            reader,
            row => ((PolicyScope)row.GetInt16(0), row.GetInt64(1), new Launch(row.Moment(2), row.Moment(3))),
            ct).ConfigureAwait(false);
        return new PolicyBook(policies, launches);
    }

    /// <summary>Takes rules for others than they are; to see what would follow.</summary>
    public void Pretend(RulesAsIf asIf)
    {
        switch (asIf)
        {
            case PolicyAsIf { Policy: { } policy } change:
                _policies[(change.Scope, change.Of)] = policy;
                break;
            case PolicyAsIf withdrawn:
                _policies.Remove((withdrawn.Scope, withdrawn.Of));
                break;
            case GroupsAsIf moves:
                _groups = moves;
                foreach (var policy in moves.Policies)
                {
                    _policies[(policy.Scope, policy.ScopeId)] = policy;
                }

                break;
            default:
                throw new ArgumentException($"Nobody knows how to pretend {asIf.GetType().Name}.", nameof(asIf));
        }
    }

    /// <summary>A SKU's own settings completed by the policies that reach it: the most specific is the whole policy.</summary>
    /// <param name="own">As they stand on the SKU.</param>
    /// <param name="modeSet">Whether its mode is its own.</param>
    public SkuPolicy Complete(SkuPolicy own, SkuId sku, long? group, bool modeSet)
    {
        IEnumerable<Launch> launches = _launches[(PolicyScope.Group, group ?? 0)];
        if (_groups is { } moves && moves.Groups.TryGetValue(sku, out var moved))
        {
            (group, launches) = (moved, moves.Launches[moved ?? 0]);
        }

        var (bySku, byGroup, byTenant) = (
            Find(PolicyScope.Sku, sku.Value), Find(PolicyScope.Group, group), Find(PolicyScope.Tenant, 0));
        return own with
        {
            Mode = modeSet ? own.Mode : byGroup?.Mode ?? byTenant?.Mode ?? own.Mode,
            Allocation = bySku ?? byGroup ?? byTenant,
            Launches = [.. _launches[(PolicyScope.Sku, sku.Value)], .. launches],
        };
    }

    private AllocationPolicy? Find(PolicyScope scope, long? id) =>
        id is { } known ? _policies.GetValueOrDefault((scope, known)) : null;

    /// <summary>Reads scope, its number, version, mode and rules.</summary>
    public static AllocationPolicy ReadPolicy(NpgsqlDataReader row) => new(
        (PolicyScope)row.GetInt16(0), row.GetInt64(1), row.GetInt32(2), (SharingMode?)row.Nullable<short>(3),
        RuleJson.Read(row.GetString(4)));
}
