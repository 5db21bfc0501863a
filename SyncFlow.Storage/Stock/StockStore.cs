using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Orders;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Requests;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Stock;

/// <summary>
/// Loads what a batch touches, under locks, and writes back what the rules made of it. Locks are taken in one order
/// everywhere: claimed inbox rows, then order rows, then SKU rows, each sorted by key; a SKU's row is made first if missing.
/// </summary>
public static class StockStore
{
    /// <summary>Locks and loads everything that facts with these references may change.</summary>
    /// <returns>A working set that holds all of it; nobody else can write it until the session ends.</returns>
    public static async Task<WorkingSet> LoadAsync(StorageSession session, Refs refs, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(refs);

        // Facts that name a SKU (of sources, of people) may ask how an order stands without writing it.
        var (orders, named) = await LockOrdersAsync(session, refs, placeholders: refs.Skus.Count > 0, ct).ConfigureAwait(false);
        var skus = refs.Skus.ToHashSet();
        skus.UnionWith(orders.SelectMany(o => o.Applied).Select(row => row.Sku));
        skus.UnionWith(orders.SelectMany(o => o.Kits).SelectMany(k => k.Parts).Select(p => p.Sku));
        skus.UnionWith(named);

        var keys = new SkuKeys(refs.Movements, refs.Operations, new RequestKeys([], refs.Reservations, refs.Orders)) { Sources = refs.Sources };
        var set = await SkuRows.LockAndReadAsync(session, skus, keys, ct).ConfigureAwait(false);
        foreach (var order in orders)
        {
            set.Load(order);
        }

        return set;
    }

    /// <summary>
    /// Whether a transaction failed only because another ran beside it, on the same order or in a deadlock: done again, it
    /// may succeed.
    /// </summary>
    public static bool IsWorthAnotherTry(PostgresException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        return failure.SqlState == PostgresErrorCodes.DeadlockDetected || OrderRows.IsRace(failure);
    }

    /// <summary>Locks and loads SKUs, and all that kits tie to them, with their pools, levels and listings: for planning and settling pushes.</summary>
    public static Task<WorkingSet> LoadSkusAsync(StorageSession session, IReadOnlyCollection<SkuId> skus, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return SkuRows.LockAndReadAsync(session, skus, SkuKeys.None, ct);
    }

    /// <summary>Reads SKUs, and all that kits tie to them, as they are, without a lock: for screens. What it returns must not be saved.</summary>
    public static Task<WorkingSet> ReadSkusAsync(StorageSession session, IReadOnlyCollection<SkuId> skus, CancellationToken ct) =>
        ReadSkusAsync(session, skus, asIf: null, ct);

    /// <summary>The same, where rules may be taken for others than they are: to see what would follow.</summary>
    public static Task<WorkingSet> ReadSkusAsync(
        StorageSession session, IReadOnlyCollection<SkuId> skus, RulesAsIf? asIf, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return SkuRows.ReadTiedAsync(session, skus, asIf, ct);
    }

    /// <summary>Writes everything the set holds to be written, in one round trip.</summary>
    /// <param name="cause">Why levels changed, in a few words; stands in their history.</param>
    /// <param name="at">The moment of the decision, in the database's precision.</param>
    /// <exception cref="InvalidOperationException">A level or SKU that was to be written was not there.</exception>
    public static Task SaveAsync(StorageSession session, WorkingSet set, string cause, DateTimeOffset at, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(set);
        return StockWriter.Plan(session, set, cause, DatabaseTime.Of(at), []).RunAsync(session, ct);
    }

    /// <summary>Locks the orders, and finds the SKUs of what is named otherwise, in one round trip.</summary>
    private static async Task<(List<OrderState> Orders, List<SkuId> Skus)> LockOrdersAsync(
        StorageSession session, Refs refs, bool placeholders, CancellationToken ct)
    {
        var names = refs.Variants.Count + refs.Items.Count + refs.Levels.Count > 0;
        if (refs.Orders.Count == 0 && !names)
        {
            return ([], []);
        }

        await using var batch = session.Batch(
            [.. OrderRows.Lock(session, refs.Orders, placeholders), .. names ? [SkusOf(session, refs)] : Array.Empty<NpgsqlBatchCommand>()]);
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var orders = await OrderRows.ReadLockedAsync(reader, session, refs.Orders, ct).ConfigureAwait(false);
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        return (orders, names ? await StorageSession.ReadAsync(reader, row => new SkuId(row.GetInt64(0)), ct).ConfigureAwait(false) : []);
    }

    private static NpgsqlBatchCommand SkusOf(StorageSession session, Refs refs)
    {
        var variants = refs.Variants.ToList();
        var items = refs.Items.ToList();
        return session.Of(
            """
            SELECT l.sku_id FROM listings l JOIN unnest($2::bigint[], $3::text[]) AS v (connection_id, ref)
              ON l.connection_id = v.connection_id AND l.variant_ref = v.ref WHERE l.tenant_id = $1
            UNION
            SELECT l.sku_id FROM listing_variants s JOIN unnest($2::bigint[], $3::text[]) AS v (connection_id, ref)
              ON s.connection_id = v.connection_id AND s.variant_ref = v.ref
              JOIN listings l ON l.tenant_id = $1 AND l.listing_id = s.listing_id WHERE s.tenant_id = $1
            UNION
            SELECT l.sku_id FROM listings l JOIN unnest($4::bigint[], $5::text[]) AS i (connection_id, ref)
              ON l.connection_id = i.connection_id AND l.item_ref = i.ref WHERE l.tenant_id = $1
            UNION
            SELECT l.sku_id FROM listing_levels l WHERE l.tenant_id = $1 AND l.level_id = ANY ($6)
            """,
            Sql.Column(variants, v => v.Connection.Value), Sql.Column(variants, v => v.VariantRef),
            Sql.Column(items, i => i.Connection.Value), Sql.Column(items, i => i.ItemRef),
            Sql.P(refs.Levels.Select(l => l.Value).ToArray()));
    }
}
