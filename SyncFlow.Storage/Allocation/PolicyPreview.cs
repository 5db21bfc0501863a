using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Allocation;

/// <summary>A scope's policy as it would be.</summary>
/// <param name="Policy">Null where it would be withdrawn.</param>
public sealed record PolicyChange(PolicyScope Scope, long Of, AllocationPolicy? Policy);

/// <summary>Tells the writes that a policy would cause, without a lock and without a write.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class PolicyPreview(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>SKUs read at a time.</summary>
    public const int PageSize = 500;

    /// <summary>All writes that would follow, in the order of their steps; every SKU's own are complete.</summary>
    public async Task<List<PreviewedWrite>> WritesAsync(TenantId tenant, PolicyWish wish, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(wish);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var change = await ChangeAsync(session, wish, ct).ConfigureAwait(false);
        var (writes, done) = (new List<PreviewedWrite>(), new HashSet<SkuId>());
        for (var after = new SkuId(0); ;)
        {
            var page = await SkuPages.NextAsync(session, PolicyReach.Filter(wish.Scope, wish.Of), after, PageSize, ct).ConfigureAwait(false);
            if (page.Count == 0)
            {
                return [.. writes.OrderBy(w => w.Step).ThenBy(w => w.Sku.Value).ThenBy(w => w.Level.Value)];
            }

            // What kits tie to a SKU comes with it, and is not looked at again.
            after = page[^1];
            page.RemoveAll(done.Contains);
            var loaded = await StockStore.ReadSkusAsync(session, page, change, ct).ConfigureAwait(false);
            done.UnionWith(loaded.Skus.Select(s => s.Sku));
            writes.AddRange(RulePreview.Of(loaded, sku => sku, DatabaseTime.Now(time)));
        }
    }

    /// <summary>The codes of SKUs.</summary>
    public async Task<IReadOnlyDictionary<SkuId, string>> CodesAsync(TenantId tenant, IReadOnlyList<SkuId> skus, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await SkuPages.CodesAsync(session, skus, ct).ConfigureAwait(false);
    }

    private static async Task<PolicyChange> ChangeAsync(StorageSession session, PolicyWish wish, CancellationToken ct)
    {
        var versions = await session.QueryAsync(
            session.Of(
                "SELECT version FROM allocation_policies WHERE tenant_id = $1 AND scope = $2 AND scope_id = $3",
                Sql.P((short)wish.Scope), Sql.P(wish.Of)),
            row => row.GetInt32(0),
            ct).ConfigureAwait(false);
        return new PolicyChange(
            wish.Scope, wish.Of,
            wish.Channels is { } channels
                ? new AllocationPolicy(wish.Scope, wish.Of, versions.SingleOrDefault() + 1, wish.Mode, channels)
                : null);
    }
}
