using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Preorders;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Buffers;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Operations;
using SyncFlow.Storage.Requests;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Sources;

namespace SyncFlow.Storage.Stock;

/// <summary>SKUs with everything under their lock: one row of <c>sku_state</c> is the lock of a SKU.</summary>
internal static class SkuRows
{
    /// <summary>Times that kits may change between finding what they tie together and locking it.</summary>
    private const int MostLooks = 4;

    /// <summary>
    /// Locks SKUs, and all that kits tie to them, in key order, rows made first if missing, then reads them.
    /// </summary>
    public static async Task<WorkingSet> LockAndReadAsync(
        StorageSession session, IReadOnlyCollection<SkuId> skus, SkuKeys keys, CancellationToken ct)
    {
        long[] wanted = [.. skus.Select(s => s.Value)];
        if (await LockAndReadAtOnceAsync(session, wanted, keys, ct).ConfigureAwait(false) is { } simple)
        {
            return simple;
        }

        for (var look = 1; look <= MostLooks; look++)
        {
            var ids = await LockAsync(session, wanted, ct).ConfigureAwait(false);
            var (set, whole) = await ReadAsync(session, ids, keys, asIf: null, ct).ConfigureAwait(false);
            if (whole)
            {
                return set;
            }
        }

        throw new InvalidOperationException("Kits kept changing while they were locked.");
    }

    /// <summary>Reads SKUs, with all that kits tie to them, without a lock.</summary>
    /// <param name="asIf">Rules that are taken for others than they are; null for none.</param>
    public static async Task<WorkingSet> ReadTiedAsync(
        StorageSession session, IReadOnlyCollection<SkuId> skus, RulesAsIf? asIf, CancellationToken ct)
    {
        for (var look = 1; look <= MostLooks; look++)
        {
            var ids = await session.QueryAsync(
                session.Of(ClusterSql.Members, Sql.P(skus.Select(s => s.Value).ToArray())), row => row.GetInt64(0), ct).ConfigureAwait(false);
            var (set, whole) = await ReadAsync(session, [.. ids], SkuKeys.None, asIf, ct).ConfigureAwait(false);
            if (whole)
            {
                return set;
            }
        }

        throw new InvalidOperationException("Kits kept changing while they were read.");
    }

    /// <summary>
    /// Locks and reads in one round trip. Null where a row is missing or a kit ties more to what is wanted: both are rare.
    /// </summary>
    private static async Task<WorkingSet?> LockAndReadAtOnceAsync(StorageSession session, long[] wanted, SkuKeys keys, CancellationToken ct)
    {
        // Locked in one statement and read in the next: a statement sees what was committed before it began, so one
        // that waited for the lock would read what was there before the wait.
        await using var batch = session.Batch([session.Of(LockSql, Sql.P(wanted)), .. Statements(session, wanted, keys)]);
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var locked = await StorageSession.ReadAsync(reader, row => row.GetInt64(0), ct).ConfigureAwait(false);
        if (!locked.ToHashSet().SetEquals(wanted))
        {
            return null;
        }

        await reader.NextResultAsync(ct).ConfigureAwait(false);
        var (set, whole) = await ReadAsync(reader, session, wanted, keys, asIf: null, ct).ConfigureAwait(false);
        return whole ? set : null;
    }

    /// <summary>Locks SKUs and all that kits tie to them; rows that are missing are made first.</summary>
    private static async Task<long[]> LockAsync(StorageSession session, long[] ids, CancellationToken ct)
    {
        await using var batch = session.Batch(session.Of(MakeSql, Sql.P(ids)), session.Of(LockSql, Sql.P(ids)));
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return [.. await StorageSession.ReadAsync(reader, row => row.GetInt64(0), ct).ConfigureAwait(false)];
    }

    /// <summary>
    /// Reads SKUs, pools, levels, listings, known movements and the configuration in one round trip; and whether all
    /// that kits tie to them is among them.
    /// </summary>
    private static async Task<(WorkingSet Set, bool Whole)> ReadAsync(
        StorageSession session, long[] ids, SkuKeys keys, RulesAsIf? asIf, CancellationToken ct)
    {
        await using var batch = session.Batch(Statements(session, ids, keys));
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await ReadAsync(reader, session, ids, keys, asIf, ct).ConfigureAwait(false);
    }

    private static NpgsqlBatchCommand[] Statements(StorageSession session, long[] ids, SkuKeys keys) =>
        [
            .. SettingsReader.Statements(session),
            session.Of("SELECT movement_key FROM movement_keys WHERE tenant_id = $1 AND movement_key = ANY ($2)", Sql.P(keys.Movements.ToArray())),
            session.Of(
                """
                SELECT l.listing_id, l.connection_id, v.variant_ref, l.item_ref, l.sku_id, l.units_per_sale, l.active,
                  coalesce((SELECT i.is_bundle FROM channel_items i
                    WHERE i.tenant_id = $1 AND i.connection_id = l.connection_id AND i.variant_ref = v.variant_ref AND i.is_bundle), false)
                FROM listings l CROSS JOIN LATERAL (
                  SELECT l.variant_ref UNION ALL
                  SELECT s.variant_ref FROM listing_variants s WHERE s.tenant_id = $1 AND s.listing_id = l.listing_id
                    AND EXISTS (SELECT FROM listing_variants f WHERE f.tenant_id = $1)) AS v -- Looked once, for most have none.
                WHERE l.tenant_id = $1 AND l.sku_id = ANY ($2)
                """,
                Sql.P(ids)),
            session.Of(
                $"""
                SELECT p.sku_id, p.location_id, p.on_hand, p.committed, p.allocated, p.pos_pending, p.reserved, p.shipped_unposted, p.suspense,
                  p.in_transit, p.unavailable, p.opened, p.set_aside, {BufferRows.Columns}
                FROM positions p LEFT JOIN tier_buffers b USING (tenant_id, sku_id, location_id)
                WHERE p.tenant_id = $1 AND p.sku_id = ANY ($2) ORDER BY p.sku_id, p.location_id
                """,
                Sql.P(ids)),
            session.Of($"SELECT {LevelRows.Columns} FROM listing_levels WHERE tenant_id = $1 AND sku_id = ANY ($2) ORDER BY sku_id, level_id", Sql.P(ids)),
            RequestRows.Select(session, ids, keys.Requests),
            AuthorityRows.Statement(session, ids),
            .. PolicyBook.Statements(session, ids),
            session.Of(
                "SELECT kit_sku_id, component_sku_id, units FROM sku_components WHERE tenant_id = $1 AND (kit_sku_id = ANY ($2) OR component_sku_id = ANY ($2)) ORDER BY 1, 2",
                Sql.P(ids)),
            session.Of(SkuSql, Sql.P(ids)),
            .. CountRows.Statements(session, ids, keys.Operations),
            .. SourceRows.Statements(session, ids, keys.Sources),
        ];

    /// <summary>Reads the results of <see cref="Statements"/>; the reader stands on the first.</summary>
    private static async Task<(WorkingSet Set, bool Whole)> ReadAsync(
        NpgsqlDataReader reader, StorageSession session, long[] ids, SkuKeys keys, RulesAsIf? asIf, CancellationToken ct)
    {
        var set = new WorkingSet(await SettingsReader.ReadAsync(reader, session.Tenant, ct).ConfigureAwait(false));
        (await NextAsync(reader, row => row.GetString(0), ct).ConfigureAwait(false)).ForEach(set.LoadSeenMovement);
        var listings = await NextAsync(reader, ReadListing, ct).ConfigureAwait(false);
        listings.ForEach(l => set.Load(l.Info));
        var pools = (await NextAsync(reader, ReadPool, ct).ConfigureAwait(false)).ToLookup(p => p.Sku, p => Buffered(p.Pool, set));
        var sold = listings.ToLookup(l => l.Info.Listing);
        var levels = (await NextAsync(reader, LevelRows.Read, ct).ConfigureAwait(false))
            .ToLookup(l => l.Sku, l => SoldAs(l.Level, sold));
        var lines = (await NextAsync(reader, RequestRows.Read, ct).ConfigureAwait(false)).ToLookup(r => r.Sku, r => r.Line);
        var rules = (await NextAsync(reader, AuthorityRows.Read, ct).ConfigureAwait(false)).ToLookup(r => r.Sku, r => r.Rule);
        var policies = await PolicyBook.ReadNextAsync(reader, ct).ConfigureAwait(false);
        if (asIf is not null)
        {
            policies.Pretend(asIf);
        }

        var components = await NextAsync(reader, ReadComponent, ct).ConfigureAwait(false);
        var parts = components.ToLookup(c => c.Kit, c => c.Part);
        foreach (var sku in await NextAsync(reader, row => ReadSku(row, pools, levels, lines, policies, parts), ct).ConfigureAwait(false))
        {
            set.Load(sku with { AuthorityRules = [.. rules[sku.Sku]] });
        }

        await CountRows.ReadAsync(reader, set, keys.Operations, ct).ConfigureAwait(false);
        await SourceRows.ReadAsync(reader, set, ct).ConfigureAwait(false);
        var loaded = ids.ToHashSet();
        return (set, components.TrueForAll(c => loaded.Contains(c.Kit.Value) && loaded.Contains(c.Part.Sku.Value)));
    }

    private static async Task<List<T>> NextAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read, CancellationToken ct)
    {
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, read, ct).ConfigureAwait(false);
    }

    private static (ListingInfo Info, bool Bundle) ReadListing(NpgsqlDataReader row) => (
        new ListingInfo(
            new ListingId(row.GetInt64(0)), new ConnectionId(row.GetInt64(1)), row.GetString(2), row.GetString(3),
            new SkuId(row.GetInt64(4)), row.GetInt32(5), row.GetBoolean(6)),
        row.GetBoolean(7));

    private static (SkuId Kit, Component Part) ReadComponent(NpgsqlDataReader row) =>
        (new SkuId(row.GetInt64(0)), new Component(new SkuId(row.GetInt64(1)), row.GetInt32(2)));

    /// <summary>A level as its listing is sold; also of a listing that is not active any more, for it may still sell.</summary>
    private static LevelState SoldAs(LevelState level, ILookup<ListingId, (ListingInfo Info, bool Bundle)> listings)
    {
        var variants = listings[level.Listing].ToList();
        return variants.Count == 0
            ? level
            : level with { UnitsPerSale = variants[0].Info.UnitsPerSale, SoldAsParts = variants.Exists(v => v.Bundle) };
    }

    private static Pool Buffered(Pool pool, WorkingSet set) =>
        set.Context.Locations.TryGetValue(pool.Location, out var place) && place.SourceBuffer > 0 ? pool with { SourceBuffer = place.SourceBuffer } : pool;

    private static (SkuId Sku, Pool Pool) ReadPool(NpgsqlDataReader row) => (
        new SkuId(row.GetInt64(0)),
        new Pool(
            new LocationId(row.GetInt64(1)),
            new Buckets(
                row.GetInt32(2), row.GetInt32(3), row.GetInt32(4), row.GetInt32(5), row.GetInt32(6), row.GetInt32(7),
                row.GetInt32(8), row.GetInt32(9), row.GetInt32(10)),
            row.GetBoolean(11))
        {
            SetAside = row.GetInt32(12),
            Tier = BufferRows.Read(row, 13),
        });

    private static SkuState ReadSku(
        NpgsqlDataReader row, ILookup<SkuId, Pool> pools, ILookup<SkuId, LevelState> levels,
        ILookup<SkuId, RequestLine> requests, PolicyBook policies, ILookup<SkuId, Component> parts)
    {
        var sku = new SkuId(row.GetInt64(0));
        var own = new SkuPolicy((SharingMode)row.GetInt16(1), row.GetInt32(2), row.GetInt32(3))
        {
            RaisesHeld = row.GetBoolean(28),
            Preorder = row.IsDBNull(20)
                ? null
                : new Preorder(new LocationId(row.GetInt64(20)), row.GetInt32(21), row.GetInt32(22), row.Moment(23))
                {
                    Open = row.GetBoolean(24),
                },
        };
        return new SkuState
        {
            Sku = sku,
            Policy = policies.Complete(own, sku, row.Nullable<long>(12), row.GetBoolean(13)),
            Mode = (EffectiveMode)row.GetInt16(4),
            Velocity = new Velocity(row.GetDouble(5), row.GetDouble(6), row.Moment(7), row.GetInt32(8)),
            Shortfall = row.GetInt32(9),
            OversoldUnits = row.GetInt64(10),
            OversoldGuardedUnits = row.GetInt64(11),
            SharedBy = row.GetString(14),
            Sales = SalesRows.Read(row, 15),
            PaceSteps = row.GetString(19),
            Exposed = row.IsDBNull(25) ? ExposureWatch.None : new ExposureWatch(row.Moment(25), row.GetString(26), row.GetInt32(27)),
            Components = [.. parts[sku]],
            Pools = [.. pools[sku]],
            Levels = [.. levels[sku]],
            Requests = [.. requests[sku]],
        };
    }

    private const string MakeSql =
        $"""
        INSERT INTO sku_state (tenant_id, sku_id)
        SELECT s.tenant_id, s.sku_id FROM skus s WHERE s.tenant_id = $1 AND s.sku_id IN ({ClusterSql.Members})
        ORDER BY s.sku_id ON CONFLICT DO NOTHING
        """;

    private const string LockSql =
        $"""
        SELECT s.sku_id FROM sku_state s WHERE s.tenant_id = $1 AND s.sku_id IN ({ClusterSql.Members})
        ORDER BY s.sku_id FOR NO KEY UPDATE OF s
        """;

    private const string SkuSql =
        """
        SELECT k.sku_id, k.mode, k.safety_buffer, k.risk_budget, coalesce(s.mode, 3::smallint),
          coalesce(s.velocity_fast, 0), coalesce(s.velocity_slow, 0), coalesce(s.velocity_at, 'epoch'::timestamptz),
          coalesce(s.largest_order, 1), coalesce(s.shortfall, 0), coalesce(s.oversold_units, 0),
          coalesce(s.oversold_guarded_units, 0), k.group_id, k.mode_set, coalesce(s.shared_by, ''), s.paces::text,
          coalesce(s.sales_hour, 0), coalesce(s.sales_hour_units, 0), p.peaks, coalesce(s.pace_steps, ''),
          o.location_id, o.cap, o.incoming, o.until, o.until > now(),
          s.exposed_since, coalesce(s.exposed_cause, ''), coalesce(s.exposed_alarmed, 0), k.raises_held
        FROM skus k LEFT JOIN sku_state s ON s.tenant_id = k.tenant_id AND s.sku_id = k.sku_id
        LEFT JOIN sku_peaks p ON p.tenant_id = k.tenant_id AND p.sku_id = k.sku_id
        LEFT JOIN preorders o ON o.tenant_id = k.tenant_id AND o.sku_id = k.sku_id
        WHERE k.tenant_id = $1 AND k.sku_id = ANY ($2) ORDER BY k.sku_id
        """;
}
