using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Operations;
using SyncFlow.Storage.Requests;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Stock;

/// <summary>SKUs with everything under their lock: one row of <c>sku_state</c> is the lock of a SKU.</summary>
internal static class SkuRows
{
    /// <summary>Locks SKUs in key order, rows made first if missing, then reads them.</summary>
    public static async Task<WorkingSet> LockAndReadAsync(
        StorageSession session, IReadOnlyCollection<SkuId> skus, SkuKeys keys, CancellationToken ct)
    {
        if (skus.Count > 0)
        {
            var ids = skus.Select(s => s.Value).Order().ToArray();

            // Locked in one statement and read in the next: a statement sees what was committed before it began, so one
            // that waited for the lock would read what was there before the wait.
            await using var batch = session.Batch(
                session.Of(
                    """
                    INSERT INTO sku_state (tenant_id, sku_id)
                    SELECT s.tenant_id, s.sku_id FROM skus s WHERE s.tenant_id = $1 AND s.sku_id = ANY ($2)
                    ORDER BY s.sku_id ON CONFLICT DO NOTHING
                    """,
                    Sql.P(ids)),
                session.Of("SELECT 1 FROM sku_state WHERE tenant_id = $1 AND sku_id = ANY ($2) ORDER BY sku_id FOR NO KEY UPDATE", Sql.P(ids)));
            await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        }

        return await ReadAsync(session, skus, keys, ct).ConfigureAwait(false);
    }

    /// <summary>Reads SKUs, pools, levels, listings, open requests, known movements and the configuration in one round trip.</summary>
    public static async Task<WorkingSet> ReadAsync(
        StorageSession session, IReadOnlyCollection<SkuId> skus, SkuKeys keys, CancellationToken ct)
    {
        var ids = skus.Select(s => s.Value).ToArray();
        await using var batch = session.Batch(
        [
            .. SettingsReader.Statements(session),
            session.Of("SELECT movement_key FROM movement_keys WHERE tenant_id = $1 AND movement_key = ANY ($2)", Sql.P(keys.Movements.ToArray())),
            session.Of(
                """
                SELECT l.listing_id, l.connection_id, v.variant_ref, l.item_ref, l.sku_id, l.units_per_sale, l.active
                FROM listings l CROSS JOIN LATERAL (
                  SELECT l.variant_ref UNION ALL
                  SELECT s.variant_ref FROM listing_variants s WHERE s.tenant_id = $1 AND s.listing_id = l.listing_id) AS v
                WHERE l.tenant_id = $1 AND l.sku_id = ANY ($2)
                """,
                Sql.P(ids)),
            session.Of(
                """
                SELECT sku_id, location_id, on_hand, committed, allocated, pos_pending, reserved, shipped_unposted, suspense,
                  in_transit, unavailable, opened
                FROM positions WHERE tenant_id = $1 AND sku_id = ANY ($2) ORDER BY sku_id, location_id
                """,
                Sql.P(ids)),
            session.Of($"SELECT {LevelRows.Columns} FROM listing_levels WHERE tenant_id = $1 AND sku_id = ANY ($2) ORDER BY sku_id, level_id", Sql.P(ids)),
            RequestRows.Select(session, ids, keys.Requests),
            AuthorityRows.Statement(session, ids),
            session.Of(SkuSql, Sql.P(ids)),
            .. CountRows.Statements(session, ids, keys.Operations),
        ]);
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var set = new WorkingSet(await SettingsReader.ReadAsync(reader, session.Tenant, ct).ConfigureAwait(false));
        (await NextAsync(reader, row => row.GetString(0), ct).ConfigureAwait(false)).ForEach(set.LoadSeenMovement);
        (await NextAsync(reader, ReadListing, ct).ConfigureAwait(false)).ForEach(set.Load);
        var pools = (await NextAsync(reader, ReadPool, ct).ConfigureAwait(false)).ToLookup(p => p.Sku, p => p.Pool);
        var levels = (await NextAsync(reader, LevelRows.Read, ct).ConfigureAwait(false)).ToLookup(l => l.Sku, l => l.Level);
        var lines = (await NextAsync(reader, RequestRows.Read, ct).ConfigureAwait(false)).ToLookup(r => r.Sku, r => r.Line);
        var rules = (await NextAsync(reader, AuthorityRows.Read, ct).ConfigureAwait(false)).ToLookup(r => r.Sku, r => r.Rule);
        foreach (var sku in await NextAsync(reader, row => ReadSku(row, pools, levels, lines), ct).ConfigureAwait(false))
        {
            set.Load(sku with { AuthorityRules = [.. rules[sku.Sku]] });
        }

        await CountRows.ReadAsync(reader, set, keys.Operations, ct).ConfigureAwait(false);
        return set;
    }

    private static async Task<List<T>> NextAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read, CancellationToken ct)
    {
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, read, ct).ConfigureAwait(false);
    }

    private static ListingInfo ReadListing(NpgsqlDataReader row) => new(
        new ListingId(row.GetInt64(0)), new ConnectionId(row.GetInt64(1)), row.GetString(2), row.GetString(3),
        new SkuId(row.GetInt64(4)), row.GetInt32(5), row.GetBoolean(6));

    private static (SkuId Sku, Pool Pool) ReadPool(NpgsqlDataReader row) => (
        new SkuId(row.GetInt64(0)),
        new Pool(
            new LocationId(row.GetInt64(1)),
            new Buckets(
                row.GetInt32(2), row.GetInt32(3), row.GetInt32(4), row.GetInt32(5), row.GetInt32(6), row.GetInt32(7),
                row.GetInt32(8), row.GetInt32(9), row.GetInt32(10)),
            row.GetBoolean(11)));

    private static SkuState ReadSku(
        NpgsqlDataReader row, ILookup<SkuId, Pool> pools, ILookup<SkuId, LevelState> levels, ILookup<SkuId, RequestLine> requests)
    {
        var sku = new SkuId(row.GetInt64(0));
        return new SkuState
        {
            Sku = sku,
            Policy = new SkuPolicy((SharingMode)row.GetInt16(1), row.GetInt32(2), row.GetInt32(3)),
            Mode = (EffectiveMode)row.GetInt16(4),
            Velocity = new Velocity(row.GetDouble(5), row.GetDouble(6), row.Moment(7), row.GetInt32(8)),
            Shortfall = row.GetInt32(9),
            OversoldUnits = row.GetInt64(10),
            OversoldGuardedUnits = row.GetInt64(11),
            Pools = [.. pools[sku]],
            Levels = [.. levels[sku]],
            Requests = [.. requests[sku]],
        };
    }

    private const string SkuSql =
        """
        SELECT k.sku_id, k.mode, k.safety_buffer, k.risk_budget, coalesce(s.mode, 3::smallint),
          coalesce(s.velocity_fast, 0), coalesce(s.velocity_slow, 0), coalesce(s.velocity_at, 'epoch'::timestamptz),
          coalesce(s.largest_order, 1), coalesce(s.shortfall, 0), coalesce(s.oversold_units, 0),
          coalesce(s.oversold_guarded_units, 0)
        FROM skus k LEFT JOIN sku_state s ON s.tenant_id = k.tenant_id AND s.sku_id = k.sku_id
        WHERE k.tenant_id = $1 AND k.sku_id = ANY ($2) ORDER BY k.sku_id
        """;
}
