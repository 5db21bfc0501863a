using System.Data.Common;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Preorders;

/// <summary>A preorder as it stands.</summary>
/// <param name="Cap">Most units that may be promised beyond what is there.</param>
/// <param name="Incoming">Confirmed units that have not arrived yet.</param>
/// <param name="Until">From then on no more are sold.</param>
/// <param name="ArrivesOn">When the goods are expected, for people.</param>
/// <param name="Promised">Units promised beyond what lies there.</param>
/// <param name="Version">Another whenever somebody sets it or goods arrive.</param>
public sealed record PreorderView(
    long SkuId, string Sku, long LocationId, string Location, int Cap, int Incoming, DateTimeOffset Until, DateOnly? ArrivesOn,
    int Promised, DateTimeOffset UpdatedAt, string Version);

/// <summary>A preorder as somebody wishes it.</summary>
public sealed record PreorderWish(long LocationId, int Cap, int Incoming, DateTimeOffset Until, DateOnly? ArrivesOn);

/// <summary>What became of a wish.</summary>
public enum PreorderResult
{
    Done,

    /// <summary>It is another than the caller has seen.</summary>
    Stale,

    /// <summary>Nobody has counted what lies at the location; zero will do.</summary>
    NotOpened,

    /// <summary>A kit is sold as its parts are.</summary>
    IsKit,

    /// <summary>Units are promised against it.</summary>
    Promised,

    /// <summary>There is none.</summary>
    None,
}

/// <summary>SKUs that are sold before they are there. Changes are made under the SKU's lock, like the receipts that they count.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class PreorderDesk(NpgsqlDataSource source, TimeProvider time)
{
    // The settings' history has a row for each change of a preorder, its end too, so that a version never comes again. Numbers
    // are given before a row is seen: the moment tells those apart that a number read too early would hide.
    private const string Version =
        """
        coalesce((SELECT max(h.setting_id) FROM setting_history h
          WHERE h.tenant_id = $1 AND h.subject = 'sku' AND h.subject_id = s.sku_id), 0)
          || '-' || coalesce((extract(epoch FROM o.updated_at) * 1000000)::bigint, 0)
        """;

    private const string Columns =
        $"""
        SELECT o.sku_id, s.code, o.location_id, l.code, o.cap, o.incoming, o.until, o.arrives_on,
          coalesce((SELECT greatest(0, p.committed + p.allocated + p.pos_pending + p.reserved + p.shipped_unposted
              + p.suspense + p.unavailable - p.on_hand)
            FROM positions p WHERE p.tenant_id = $1 AND p.sku_id = o.sku_id AND p.location_id = o.location_id), 0), o.updated_at,
          {Version}
        FROM preorders o JOIN skus s USING (tenant_id, sku_id) JOIN locations l ON l.tenant_id = $1 AND l.location_id = o.location_id
        WHERE o.tenant_id = $1
        """;

    /// <summary>Preorders by SKU.</summary>
    public async Task<List<PreorderView>> ListAsync(long tenant, long? after, int count, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of(Columns + " AND ($2::bigint IS NULL OR o.sku_id > $2) ORDER BY o.sku_id LIMIT $3", Sql.P(after), Sql.P(count)),
            Read,
            ct).ConfigureAwait(false);
    }

    /// <summary>One SKU's preorder, or null.</summary>
    public async Task<PreorderView?> FindAsync(long tenant, long sku, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        return await FindAsync(session, sku, ct).ConfigureAwait(false);
    }

    /// <summary>The version of a SKU's preorder, also where it has none.</summary>
    public async Task<string> VersionAsync(long tenant, long sku, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        return await VersionAsync(session, sku, ct).ConfigureAwait(false);
    }

    /// <summary>Sets a SKU's preorder; its channels are planned again by the worker.</summary>
    /// <param name="seen">The version that the caller has read; another one is refused.</param>
    public async Task<PreorderResult> SetAsync(long tenant, long sku, PreorderWish wish, string seen, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(wish);
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var state = await LockAsync(session, sku, ct).ConfigureAwait(false);
        if (await VersionAsync(session, sku, ct).ConfigureAwait(false) != seen)
        {
            return PreorderResult.Stale;
        }

        if (state.IsKit)
        {
            return PreorderResult.IsKit;
        }

        if (!state.PoolAt(new LocationId(wish.LocationId)).Opened)
        {
            return PreorderResult.NotOpened;
        }

        if (state.Policy.Preorder is { } before && before.Location.Value != wish.LocationId && PromisedOf(state) > 0)
        {
            return PreorderResult.Promised;
        }

        var now = DatabaseTime.Now(time);
        await WriteAsync(
            session,
            session.Of(
                """
                INSERT INTO preorders (tenant_id, sku_id, location_id, cap, incoming, until, arrives_on, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                ON CONFLICT (tenant_id, sku_id) DO UPDATE SET location_id = $3, cap = $4, incoming = $5, until = $6,
                  arrives_on = $7, updated_at = $8
                """,
                Sql.P(sku), Sql.P(wish.LocationId), Sql.P(wish.Cap), Sql.P(wish.Incoming), Sql.P(DatabaseTime.Of(wish.Until)),
                Sql.P(wish.ArrivesOn), Sql.P(now)),
            sku, now, ct).ConfigureAwait(false);
        return PreorderResult.Done;
    }

    /// <summary>Takes a preorder away, where nothing is promised against it.</summary>
    /// <param name="seen">The version that the caller has read; null where any will do.</param>
    public async Task<PreorderResult> RemoveAsync(long tenant, long sku, string? seen, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var state = await LockAsync(session, sku, ct).ConfigureAwait(false);
        if (seen is not null && await VersionAsync(session, sku, ct).ConfigureAwait(false) != seen)
        {
            return PreorderResult.Stale;
        }

        if (state.Policy.Preorder is null)
        {
            return PreorderResult.None;
        }

        if (PromisedOf(state) > 0)
        {
            return PreorderResult.Promised;
        }

        await WriteAsync(
            session, session.Of("DELETE FROM preorders WHERE tenant_id = $1 AND sku_id = $2", Sql.P(sku)), sku,
            DatabaseTime.Now(time), ct).ConfigureAwait(false);
        return PreorderResult.Done;
    }

    private static async Task<string> VersionAsync(StorageSession session, long sku, CancellationToken ct) =>
        (await session.QueryAsync(
            session.Of(
                $"SELECT {Version} FROM skus s LEFT JOIN preorders o USING (tenant_id, sku_id) WHERE s.tenant_id = $1 AND s.sku_id = $2", Sql.P(sku)),
            row => row.GetString(0), ct).ConfigureAwait(false)).Single();

    private static int PromisedOf(SkuState state) =>
        Math.Max(0, -state.PoolAt(state.Policy.Preorder!.Location).Buckets.Unencumbered);

    private static async Task<SkuState> LockAsync(StorageSession session, long sku, CancellationToken ct)
    {
        var set = await StockStore.LoadSkusAsync(session, [new SkuId(sku)], ct).ConfigureAwait(false);
        return set.FindSku(new SkuId(sku)) ?? throw new InvalidOperationException($"SKU {sku} is not there.");
    }

    private static async Task WriteAsync(
        StorageSession session, NpgsqlBatchCommand statement, long sku, DateTimeOffset now, CancellationToken ct)
    {
        await using var batch = session.Batch(
            statement,
            session.Of(
                "INSERT INTO sync_runs (tenant_id, kind, parameters, created_at) VALUES ($1, 'replan', jsonb_build_object('skuId', $2::bigint), $3)",
                Sql.P(sku), Sql.P(now)));
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }

    private static async Task<PreorderView?> FindAsync(StorageSession session, long sku, CancellationToken ct) =>
        (await session.QueryAsync(session.Of(Columns + " AND o.sku_id = $2", Sql.P(sku)), Read, ct).ConfigureAwait(false)).SingleOrDefault();

    private static PreorderView Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetString(3), row.GetInt32(4), row.GetInt32(5),
        row.GetFieldValue<DateTimeOffset>(6), row.IsDBNull(7) ? null : row.GetFieldValue<DateOnly>(7), row.GetInt32(8),
        row.GetFieldValue<DateTimeOffset>(9), row.GetString(10));
}
