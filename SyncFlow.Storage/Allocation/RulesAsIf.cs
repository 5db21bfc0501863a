using System.Collections.Immutable;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Allocation;

/// <summary>What is taken for another than it is when SKUs are read: to see what would follow.</summary>
public abstract record RulesAsIf;

/// <summary>A scope's policy as it would be.</summary>
/// <param name="Policy">Null where it would be withdrawn.</param>
public sealed record PolicyAsIf(PolicyScope Scope, long Of, AllocationPolicy? Policy) : RulesAsIf;

/// <summary>SKUs in other groups, and what those groups are given.</summary>
public sealed record GroupsAsIf(
    ImmutableDictionary<SkuId, long?> Groups, ImmutableArray<AllocationPolicy> Policies, ILookup<long, Launch> Launches) : RulesAsIf
{
    /// <summary>With the policies and launches that the groups have.</summary>
    internal static async Task<GroupsAsIf> ReadAsync(StorageSession session, ImmutableDictionary<SkuId, long?> groups, CancellationToken ct)
    {
        var ids = groups.Values.OfType<long>().Distinct().ToArray();
        var policies = await session.QueryAsync(
            session.Of(
                """
                SELECT scope, scope_id, version, mode, rules::text FROM allocation_policies
                WHERE tenant_id = $1 AND scope = 2 AND scope_id = ANY ($2) AND rules IS NOT NULL
                """,
                Sql.P(ids)),
            PolicyBook.ReadPolicy,
            ct).ConfigureAwait(false);
        var launches = await session.QueryAsync(
            session.Of(
                """
                SELECT scope_id, from_at, until_at FROM launches
                WHERE tenant_id = $1 AND scope = 2 AND scope_id = ANY ($2) AND cancelled_at IS NULL AND until_at > now() - interval '1 day'
                ORDER BY launch_id
                """,
                Sql.P(ids)),
            row => (Group: row.GetInt64(0), Launch: new Launch(row.Moment(1), row.Moment(2))),
            ct).ConfigureAwait(false);
        return new GroupsAsIf(groups, [.. policies], launches.ToLookup(l => l.Group, l => l.Launch));
    }
}
