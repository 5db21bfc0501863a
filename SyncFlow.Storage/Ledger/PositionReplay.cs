using System.Text.Json;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Ledger;

/// <summary>A stored figure of a position that is not what the ledger says.</summary>
/// <param name="Figure">Which: a bucket as the API names it, <see cref="SetAside"/>, or <see cref="Opened"/> (1 or 0).</param>
public sealed record PositionDifference(SkuId Sku, LocationId Location, string Figure, long Ledger, long Position)
{
    /// <summary>Whether an opening count stands behind the pool.</summary>
    public const string Opened = "opened";

    /// <summary>Units put aside from a seller without a cap.</summary>
    public const string SetAside = "setAside";

    /// <summary>The name of a bucket's sum.</summary>
    public static string Of(Bucket bucket) => JsonNamingPolicy.CamelCase.ConvertName(bucket.ToString());
}

/// <summary>What was compared of a range of SKUs.</summary>
/// <param name="Last">The last SKU of the range; null when there was none left.</param>
/// <param name="Skus">How many SKUs.</param>
/// <param name="Pools">How many positions were rebuilt.</param>
/// <param name="Entries">From how many entries.</param>
public sealed record ReplayPage(SkuId? Last, int Skus, long Pools, long Entries, IReadOnlyList<PositionDifference> Differences);

/// <summary>
/// Rebuilds positions from the ledger beside the stored ones: every bucket from the entries, and whether a pool is opened
/// and what is set aside in it from the words on that (invariant I1). One statement sees one state, so nothing needs to be locked to compare.
/// </summary>
public static class PositionReplay
{
    /// <summary>Rebuilds a range of SKUs and compares it with what is stored.</summary>
    /// <param name="after">SKUs with higher numbers.</param>
    /// <param name="most">At most so many.</param>
    public static async Task<ReplayPage> CompareAsync(StorageSession session, SkuId after, int most, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var skus = await session.QueryAsync(
            session.Of(
                "SELECT sku_id FROM skus WHERE tenant_id = $1 AND sku_id > $2 ORDER BY sku_id LIMIT $3", Sql.P(after.Value), Sql.P(most)),
            row => row.GetInt64(0),
            ct).ConfigureAwait(false);
        if (skus.Count == 0)
        {
            return new ReplayPage(null, 0, 0, 0, []);
        }

        var rows = await session.QueryAsync(session.Of(CompareSql, Sql.P(skus.ToArray())), Read, ct).ConfigureAwait(false);
        return new ReplayPage(
            new SkuId(skus[^1]), skus.Count, rows[0].Pools, rows[0].Entries, [.. rows.SelectMany(r => r.Differences)]);
    }

    /// <summary>
    /// Writes positions as the ledger says. The caller holds the locks of the SKUs (<see cref="Stock.StockStore.LoadSkusAsync"/>),
    /// and loads them again afterwards.
    /// </summary>
    /// <returns>How many positions were not right.</returns>
    public static async Task<int> RewriteAsync(StorageSession session, IReadOnlyCollection<SkuId> skus, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(skus);
        var ids = skus.Select(s => s.Value).ToArray();
        var rewritten = await session.ExecuteAsync(session.Of(RewriteSql, Sql.P(ids)), ct).ConfigureAwait(false);
        if (rewritten > 0)
        {
            // What readers keep of these SKUs was computed from the positions before.
            await session.ExecuteAsync(
                session.Of("UPDATE sku_state SET version = version + 1 WHERE tenant_id = $1 AND sku_id = ANY ($2)", Sql.P(ids)), ct).ConfigureAwait(false);
        }

        return rewritten;
    }

    /// <summary>How many SKUs a tenant has.</summary>
    public static async Task<int> CountAsync(StorageSession session, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var counted = await session.QueryAsync(
            session.Of("SELECT count(*)::int FROM skus WHERE tenant_id = $1"), row => row.GetInt32(0), ct).ConfigureAwait(false);
        return counted[0];
    }

    /// <summary>What people call the SKUs and locations of differences.</summary>
    public static async Task<(Dictionary<SkuId, string> Skus, Dictionary<LocationId, string> Locations)> NamesAsync(
        StorageSession session, IReadOnlyList<PositionDifference> differences, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(differences);
        await using var batch = session.Batch(
            session.Of("SELECT sku_id, code FROM skus WHERE tenant_id = $1 AND sku_id = ANY ($2)", Sql.P(differences.Select(d => d.Sku.Value).Distinct().ToArray())),
            session.Of("SELECT location_id, code FROM locations WHERE tenant_id = $1"));
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var skus = await StorageSession.ReadAsync(reader, row => (Id: new SkuId(row.GetInt64(0)), Code: row.GetString(1)), ct).ConfigureAwait(false);
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        var locations = await StorageSession.ReadAsync(
            reader, row => (Id: new LocationId(row.GetInt64(0)), Code: row.GetString(1)), ct).ConfigureAwait(false);
        return (skus.ToDictionary(s => s.Id, s => s.Code), locations.ToDictionary(l => l.Id, l => l.Code));
    }

    private static (long Pools, long Entries, List<PositionDifference> Differences) Read(NpgsqlDataReader row)
    {
        var differences = new List<PositionDifference>();
        if (!row.IsDBNull(2))
        {
            var (sku, location) = (new SkuId(row.GetInt64(2)), new LocationId(row.GetInt64(3)));
            var (ledger, position) = (LedgerSums.ReadBuckets(row, 4), LedgerSums.ReadBuckets(row, 14));
            differences.AddRange(Enum.GetValues<Bucket>().Where(b => ledger[b] != position[b])
                .Select(b => new PositionDifference(sku, location, PositionDifference.Of(b), ledger[b], position[b])));
            if (row.GetBoolean(13) != row.GetBoolean(23))
            {
                differences.Add(new PositionDifference(
                    sku, location, PositionDifference.Opened, row.GetBoolean(13) ? 1 : 0, row.GetBoolean(23) ? 1 : 0));
            }

            if (row.GetInt32(24) != row.GetInt32(25))
            {
                differences.Add(new PositionDifference(sku, location, PositionDifference.SetAside, row.GetInt32(24), row.GetInt32(25)));
            }
        }

        return (row.GetInt64(0), row.GetInt64(1), differences);
    }

    private const string Columns =
        "on_hand, committed, allocated, pos_pending, reserved, shipped_unposted, suspense, in_transit, unavailable";

    // What the ledger says of the SKUs in $2.
    private const string Shadow =
        $"""
        WITH replayed AS (
          SELECT e.sku_id, e.location_id, count(*) AS entries, {LedgerSums.SumsOfEntries}
          FROM ledger_entries e WHERE e.tenant_id = $1 AND e.sku_id = ANY ($2) GROUP BY e.sku_id, e.location_id
        ), opening AS (
          SELECT DISTINCT ON (o.sku_id, o.location_id) o.sku_id, o.location_id, o.opened, o.set_aside
          FROM pool_openings o WHERE o.tenant_id = $1 AND o.sku_id = ANY ($2)
          ORDER BY o.sku_id, o.location_id, o.opening_id DESC
        ), shadow AS (
          SELECT sku_id, location_id, coalesce(r.entries, 0) AS entries, coalesce(r.on_hand, 0) AS on_hand,
            coalesce(r.committed, 0) AS committed, coalesce(r.allocated, 0) AS allocated,
            coalesce(r.pos_pending, 0) AS pos_pending, coalesce(r.reserved, 0) AS reserved,
            coalesce(r.shipped_unposted, 0) AS shipped_unposted, coalesce(r.suspense, 0) AS suspense,
            coalesce(r.in_transit, 0) AS in_transit, coalesce(r.unavailable, 0) AS unavailable,
            coalesce(o.opened, false) AS opened, coalesce(o.set_aside, 0) AS set_aside
          FROM replayed r FULL JOIN opening o USING (sku_id, location_id)
        )
        """;

    private const string CompareSql = Shadow +
        """
        , compared AS (
          SELECT sku_id, location_id, coalesce(s.entries, 0) AS entries,
            coalesce(s.on_hand, 0) AS on_hand, coalesce(s.committed, 0) AS committed, coalesce(s.allocated, 0) AS allocated,
            coalesce(s.pos_pending, 0) AS pos_pending, coalesce(s.reserved, 0) AS reserved,
            coalesce(s.shipped_unposted, 0) AS shipped_unposted, coalesce(s.suspense, 0) AS suspense,
            coalesce(s.in_transit, 0) AS in_transit, coalesce(s.unavailable, 0) AS unavailable, coalesce(s.opened, false) AS opened,
            coalesce(s.set_aside, 0) AS set_aside, coalesce(p.set_aside, 0) AS p_set_aside, coalesce(p.on_hand, 0) AS p_on_hand, coalesce(p.committed, 0) AS p_committed, coalesce(p.allocated, 0) AS p_allocated,
            coalesce(p.pos_pending, 0) AS p_pos_pending, coalesce(p.reserved, 0) AS p_reserved,
            coalesce(p.shipped_unposted, 0) AS p_shipped_unposted, coalesce(p.suspense, 0) AS p_suspense,
            coalesce(p.in_transit, 0) AS p_in_transit, coalesce(p.unavailable, 0) AS p_unavailable,
            coalesce(p.opened, false) AS p_opened
          FROM shadow s FULL JOIN (
            SELECT * FROM positions WHERE tenant_id = $1 AND sku_id = ANY ($2)) p USING (sku_id, location_id)
        )
        SELECT c.pools, c.entries, d.sku_id, d.location_id, d.on_hand, d.committed, d.allocated, d.pos_pending, d.reserved,
          d.shipped_unposted, d.suspense, d.in_transit, d.unavailable, d.opened, d.p_on_hand, d.p_committed, d.p_allocated,
          d.p_pos_pending, d.p_reserved, d.p_shipped_unposted, d.p_suspense, d.p_in_transit, d.p_unavailable, d.p_opened,
          d.set_aside, d.p_set_aside
        FROM (SELECT count(*) AS pools, coalesce(sum(entries), 0)::bigint AS entries FROM compared) c
        LEFT JOIN (
          SELECT * FROM compared
          WHERE (on_hand, committed, allocated, pos_pending, reserved, shipped_unposted, suspense, in_transit, unavailable, opened, set_aside)
            <> (p_on_hand, p_committed, p_allocated, p_pos_pending, p_reserved, p_shipped_unposted, p_suspense, p_in_transit,
              p_unavailable, p_opened, p_set_aside)) d ON true
        ORDER BY d.sku_id, d.location_id
        """;

    private const string RewriteSql = Shadow +
        $"""
        , right_rows AS (
          SELECT sku_id, location_id, {Columns}, opened, set_aside FROM shadow
          UNION ALL
          SELECT p.sku_id, p.location_id, 0, 0, 0, 0, 0, 0, 0, 0, 0, false, 0
          FROM positions p LEFT JOIN shadow s USING (sku_id, location_id)
          WHERE p.tenant_id = $1 AND p.sku_id = ANY ($2) AND s.sku_id IS NULL
        )
        INSERT INTO positions AS p (tenant_id, sku_id, location_id, {Columns}, opened, set_aside)
        SELECT $1, sku_id, location_id, {Columns}, opened, set_aside FROM right_rows ORDER BY sku_id, location_id
        ON CONFLICT (tenant_id, sku_id, location_id) DO UPDATE SET
          on_hand = excluded.on_hand, committed = excluded.committed, allocated = excluded.allocated,
          pos_pending = excluded.pos_pending, reserved = excluded.reserved, shipped_unposted = excluded.shipped_unposted,
          suspense = excluded.suspense, in_transit = excluded.in_transit, unavailable = excluded.unavailable, opened = excluded.opened,
          set_aside = excluded.set_aside
        WHERE p IS DISTINCT FROM excluded
        """;
}
