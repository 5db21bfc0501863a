using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Allocation;

/// <summary>The SKUs that a scope's settings may concern.</summary>
internal static class PolicyReach
{
    /// <summary>Asks the worker to plan them again; how many there are makes no difference to the asking.</summary>
    /// <param name="of">The group or SKU; 0 for the tenant.</param>
    public static NpgsqlBatchCommand Replan(StorageSession session, PolicyScope scope, long of, DateTimeOffset now) => session.Of(
        """
        INSERT INTO sync_runs (tenant_id, kind, parameters, created_at)
        VALUES ($1, 'replan', CASE $2::smallint WHEN 2 THEN jsonb_build_object('groupId', $3::bigint)
          WHEN 3 THEN jsonb_build_object('skuId', $3::bigint) ELSE '{}' END, $4)
        """,
        Sql.P((short)scope), Sql.P(of), Sql.P(now));

    /// <summary>SKUs that a change of a rule is looked at for; 0 where it names them itself, and so they are few.</summary>
    public static Task<int> CountAsync(StorageSession session, BulkChange change, CancellationToken ct) => change switch
    {
        AllocationChange { Scope: not PolicyScope.Sku } rule => SkuPages.CountAsync(session, Filter(rule.Scope, rule.Of), ct),
        BufferChange => SkuPages.CountAsync(session, new SkuFilter(), ct),
        LocationChange rule => SkuPages.CountAsync(session, Filter(rule), ct),
        AuthorityChange { Sku: null } rule => SkuPages.CountAsync(session, Filter(rule), ct),
        _ => Task.FromResult(0),
    };

    /// <summary>SKUs with stock or levels at a location.</summary>
    public static SkuFilter Filter(LocationChange change) => new(Location: change.Location);

    /// <summary>SKUs whose authority it may be; a prefix is not looked at, for it is of codes.</summary>
    public static SkuFilter Filter(AuthorityChange change) => new(Sku: change.Sku, Location: change.Location);

    /// <summary>The same as a filter.</summary>
    public static SkuFilter Filter(PolicyScope scope, long of) => scope switch
    {
        PolicyScope.Tenant => new SkuFilter(),
        PolicyScope.Group => new SkuFilter(Group: of),
        PolicyScope.Sku => new SkuFilter(Sku: new SkuId(of)),
        _ => throw new ArgumentOutOfRangeException(nameof(scope), scope, "Unknown scope."),
    };
}
