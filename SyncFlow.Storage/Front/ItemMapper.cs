using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Front;

/// <summary>What mapping by a person's word did.</summary>
/// <param name="Listings">New listings.</param>
/// <param name="SharedVariants">Variants that share the stock item of one of them.</param>
/// <param name="Levels">New listing levels; each needs a baseline before anything is written to it.</param>
public sealed record MappedItems(int Listings, int SharedVariants, int Levels);

/// <summary>Why variants were not declared one pool.</summary>
public enum PoolRefusal
{
    /// <summary>The store has no such variants, or none that is tracked and sold by itself.</summary>
    NoVariants,

    /// <summary>One of them sells another SKU already.</summary>
    MappedElsewhere,
}

/// <summary>
/// Maps variants to a SKU where a person says so: several variants of one store as one pool, or one that a suggestion
/// named. Each stock item becomes a listing; variants that share it become variants of that listing.
/// </summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class ItemMapper(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Declares variants of one store as one pool of a SKU, which is made where the tenant does not have it.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="connection">The store; the caller has made sure that it is the tenant's.</param>
    /// <param name="code">The SKU.</param>
    /// <param name="variants">Which; null for all that carry this SKU text.</param>
    /// <param name="ct">Ends the call; nothing is done then.</param>
    public async Task<(MappedItems? Mapped, PoolRefusal? Refusal)> DeclarePoolAsync(
        TenantId tenant, ConnectionId connection, string code, IReadOnlyList<string>? variants, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var key = SkuDesk.KeyOf(code);
        var found = await session.QueryAsync(
            session.Of(
                """
                SELECT i.variant_ref, i.title, EXISTS (
                  SELECT FROM listings l JOIN skus s USING (tenant_id, sku_id)
                  WHERE l.tenant_id = $1 AND l.connection_id = $2 AND l.item_ref = i.item_ref AND s.code_key <> $3)
                FROM channel_items i
                WHERE i.tenant_id = $1 AND i.connection_id = $2 AND NOT i.archived AND i.tracked AND NOT i.is_bundle
                  AND (i.variant_ref = ANY ($4) OR (NOT $5 AND upper(btrim(i.sku_text)) = $3))
                ORDER BY i.variant_ref
                """,
                Sql.P(connection.Value), Sql.P(key), Sql.Column(variants ?? [], v => v), Sql.P(variants is not null)),
            row => (Variant: row.GetString(0), Title: row.GetString(1), Elsewhere: row.GetBoolean(2)),
            ct).ConfigureAwait(false);
        if (found.Count == 0 || (variants is not null && variants.Except(found.Select(f => f.Variant), StringComparer.Ordinal).Any()))
        {
            return (null, PoolRefusal.NoVariants);
        }

        if (found.Exists(f => f.Elsewhere))
        {
            return (null, PoolRefusal.MappedElsewhere);
        }

        var sku = await EnsureSkuAsync(session, code.Trim(), key, found[0].Title, ct).ConfigureAwait(false);
        var mapped = await MapAsync(session, connection, [.. found.Select(f => f.Variant)], sku, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return (mapped, null);
    }

    /// <summary>Maps variants to a SKU in the caller's transaction, under the SKU's lock.</summary>
    internal async Task<MappedItems> MapAsync(
        StorageSession session, ConnectionId connection, IReadOnlyList<string> variants, long sku, CancellationToken ct)
    {
        NpgsqlParameter[] Values() => [Sql.P(connection.Value), Sql.Column(variants, v => v), Sql.P(sku), Sql.P(DatabaseTime.Now(time))];
        await session.ExecuteAsync(session.Of(
            "INSERT INTO sku_state (tenant_id, sku_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", Sql.P(sku)), ct).ConfigureAwait(false);
        await session.ExecuteAsync(session.Of(
            "SELECT FROM sku_state WHERE tenant_id = $1 AND sku_id = $2 FOR NO KEY UPDATE", Sql.P(sku)), ct).ConfigureAwait(false);
        var listings = await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO listings (tenant_id, connection_id, variant_ref, item_ref, sku_id, created_at)
                SELECT DISTINCT ON (i.item_ref) $1, $2, i.variant_ref, i.item_ref, $4, $5
                FROM channel_items i WHERE i.tenant_id = $1 AND i.connection_id = $2 AND i.variant_ref = ANY ($3)
                ORDER BY i.item_ref, i.variant_ref ON CONFLICT DO NOTHING
                """,
                Values()),
            ct).ConfigureAwait(false);
        var shared = await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO listing_variants (tenant_id, connection_id, variant_ref, listing_id)
                SELECT $1, $2, i.variant_ref, l.listing_id
                FROM channel_items i
                JOIN listings l ON l.tenant_id = $1 AND l.connection_id = $2 AND l.item_ref = i.item_ref AND l.sku_id = $4
                WHERE i.tenant_id = $1 AND i.connection_id = $2 AND i.variant_ref = ANY ($3) AND i.variant_ref <> l.variant_ref
                  AND $5::timestamptz IS NOT NULL
                ON CONFLICT DO NOTHING
                """,
                Values()),
            ct).ConfigureAwait(false);
        var levels = await session.ExecuteAsync(session.Of(Levels, Sql.P(connection.Value), Sql.P(sku)), ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(AutoMapper.FetchOrdersAgain, Sql.P(connection.Value), Sql.P(DatabaseTime.Now(time))), ct).ConfigureAwait(false);
        return new MappedItems(listings, shared, levels);
    }

    /// <summary>A level that follows one of the same SKU, store and place is of a later generation.</summary>
    private const string Levels =
        """
        INSERT INTO listing_levels
          (tenant_id, listing_id, connection_id, sku_id, location_id, external_location_id, item_ref, generation)
        SELECT $1, l.listing_id, l.connection_id, l.sku_id, c.location_id, c.external_location_id, l.item_ref,
          greatest(n.generation, (
            SELECT max(o.generation) + 1 FROM listing_levels o WHERE o.tenant_id = $1 AND o.connection_id = $2
              AND o.sku_id = $3 AND o.location_id = c.location_id AND o.status IN (6, 61)))
        FROM listings l
        JOIN connections n USING (tenant_id, connection_id)
        JOIN channel_locations c USING (tenant_id, connection_id)
        WHERE l.tenant_id = $1 AND l.connection_id = $2 AND l.sku_id = $3 AND l.active AND c.active AND c.location_id IS NOT NULL
        ORDER BY l.listing_id, c.location_id
        ON CONFLICT (tenant_id, listing_id, location_id) DO NOTHING
        """;

    private async Task<long> EnsureSkuAsync(StorageSession session, string code, string key, string title, CancellationToken ct)
    {
        await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO skus (tenant_id, code, code_key, title, created_at) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (tenant_id, code_key) DO NOTHING
                """,
                Sql.P(code), Sql.P(key), Sql.P(title), Sql.P(DatabaseTime.Now(time))),
            ct).ConfigureAwait(false);
        var ids = await session.QueryAsync(
            session.Of("SELECT sku_id FROM skus WHERE tenant_id = $1 AND code_key = $2", Sql.P(key)), row => row.GetInt64(0), ct).ConfigureAwait(false);
        return ids[0];
    }
}
