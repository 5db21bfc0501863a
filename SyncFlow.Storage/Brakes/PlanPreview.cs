using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Brakes;

/// <summary>Plans SKUs as if something were different, page by page, without a lock and without a write.</summary>
/// <param name="source">Acts as the api or the worker role.</param>
/// <param name="time">The clock.</param>
public sealed class PlanPreview(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>SKUs read at a time.</summary>
    public const int PageSize = 500;

    /// <summary>Calls back with each page of SKUs of a filter, as loaded and as they would be.</summary>
    /// <param name="context">The configuration as it would be.</param>
    /// <param name="change">The SKU as it would be before it is planned.</param>
    public async Task RunAsync(
        TenantId tenant, SkuFilter filter, Func<EngineContext, EngineContext> context, Func<SkuState, SkuState> change,
        Action<WorkingSet, IReadOnlyList<SkuState>> page, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(page);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var now = DatabaseTime.Now(time);
        for (var after = new SkuId(0); ;)
        {
            var skus = await SkuPages.NextAsync(session, filter, after, PageSize, ct).ConfigureAwait(false);
            if (skus.Count == 0)
            {
                return;
            }

            after = skus[^1];
            var loaded = await StockStore.ReadSkusAsync(session, skus, ct).ConfigureAwait(false);
            page(loaded, WhatIf.Replanned(loaded, context(loaded.Context), change, now));
        }
    }

    /// <summary>The writes that would follow from another configuration.</summary>
    public async Task<List<PlannedWrite>> WritesAsync(
        TenantId tenant, SkuFilter filter, Func<EngineContext, EngineContext> context, CancellationToken ct)
    {
        var writes = new List<PlannedWrite>();
        await RunAsync(
            tenant, filter, context, sku => sku, (_, skus) => writes.AddRange(skus.SelectMany(PlannedWrite.Of)), ct).ConfigureAwait(false);
        return writes;
    }
}
