using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Front;

/// <summary>An imported variant that was not mapped.</summary>
public sealed record UnmappedItem(string VariantRef, string ItemRef, string Sku, string Title);

/// <summary>A SKU that several variants of one store carry: nobody can say which one is meant.</summary>
public sealed record AmbiguousSku(string Sku, IReadOnlyList<UnmappedItem> Variants);

/// <summary>What automatic mapping did, or would do.</summary>
/// <param name="Mapped">New listings.</param>
/// <param name="AlreadyMapped">Variants that had a listing before.</param>
/// <param name="SkusCreated">New SKUs.</param>
/// <param name="LevelsCreated">New listing levels.</param>
/// <param name="Ambiguous">SKUs that stand on more than one variant; none of them is mapped.</param>
/// <param name="Blank">Variants without a SKU.</param>
/// <param name="Untracked">Variants whose stock the channel does not track.</param>
/// <param name="Bundles">Variants made of others: they have no stock of their own.</param>
/// <param name="Unmatched">Variants whose SKU the tenant does not have, where none was to be created.</param>
public sealed record MappingReport(
    int Mapped, int AlreadyMapped, int SkusCreated, int LevelsCreated, IReadOnlyList<AmbiguousSku> Ambiguous,
    IReadOnlyList<UnmappedItem> Blank, IReadOnlyList<UnmappedItem> Untracked, IReadOnlyList<UnmappedItem> Bundles,
    IReadOnlyList<UnmappedItem> Unmatched);

/// <summary>
/// Maps a connection's imported variants to SKUs by the text of their SKU, trimmed and in upper case. What is not
/// certain is reported and left alone.
/// </summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class AutoMapper(NpgsqlDataSource source, TimeProvider time)
{
    private const string Classify =
        """
        CREATE TEMP TABLE auto_map ON COMMIT DROP AS
        SELECT i.variant_ref, i.item_ref, btrim(i.sku_text) AS code, upper(btrim(i.sku_text)) AS code_key, i.title,
          CASE
            WHEN EXISTS (SELECT FROM listings l WHERE l.tenant_id = $1 AND l.connection_id = $2 AND l.variant_ref = i.variant_ref) THEN 'known'
            WHEN i.is_bundle THEN 'bundle'
            WHEN NOT i.tracked THEN 'untracked'
            WHEN btrim(i.sku_text) = '' THEN 'blank'
            WHEN count(*) FILTER (WHERE NOT i.is_bundle) OVER (PARTITION BY upper(btrim(i.sku_text))) > 1
              OR count(*) OVER (PARTITION BY i.item_ref) > 1 THEN 'ambiguous'
            ELSE 'map'
          END AS class
        FROM channel_items i WHERE i.tenant_id = $1 AND i.connection_id = $2 AND NOT i.archived
        """;

    private const string CreateSkus =
        """
        INSERT INTO skus (tenant_id, code, code_key, title, created_at)
        SELECT $1, m.code, m.code_key, m.title, $2 FROM auto_map m WHERE m.class = 'map'
        ON CONFLICT (tenant_id, code_key) DO NOTHING
        """;

    private const string CreateListings =
        """
        INSERT INTO listings (tenant_id, connection_id, variant_ref, item_ref, sku_id, created_at)
        SELECT $1, $2, m.variant_ref, m.item_ref, s.sku_id, $3
        FROM auto_map m JOIN skus s ON s.tenant_id = $1 AND s.code_key = m.code_key
        WHERE m.class = 'map' ORDER BY s.sku_id
        ON CONFLICT DO NOTHING
        """;

    private const string CreateLocks =
        """
        INSERT INTO sku_state (tenant_id, sku_id)
        SELECT DISTINCT $1::bigint, l.sku_id FROM listings l WHERE l.tenant_id = $1 AND l.connection_id = $2
        ORDER BY l.sku_id ON CONFLICT DO NOTHING
        """;

    private const string TakeLocks =
        """
        SELECT 1 FROM sku_state k WHERE k.tenant_id = $1
          AND k.sku_id IN (SELECT l.sku_id FROM listings l WHERE l.tenant_id = $1 AND l.connection_id = $2)
        ORDER BY k.sku_id FOR NO KEY UPDATE
        """;

    private const string CreateLevels =
        """
        INSERT INTO listing_levels
          (tenant_id, listing_id, connection_id, sku_id, location_id, external_location_id, item_ref, generation, updated_at)
        SELECT $1, l.listing_id, l.connection_id, l.sku_id, c.location_id, c.external_location_id, l.item_ref, n.generation, $3
        FROM listings l
        JOIN connections n USING (tenant_id, connection_id)
        JOIN channel_locations c USING (tenant_id, connection_id)
        WHERE l.tenant_id = $1 AND l.connection_id = $2 AND l.active AND c.active AND c.location_id IS NOT NULL
        ORDER BY l.sku_id, c.location_id
        ON CONFLICT (tenant_id, listing_id, location_id) DO NOTHING
        """;

    // Orders that named a variant before it was mapped are read again: their units count from now on.
    internal const string FetchOrdersAgain =
        """
        INSERT INTO work_items (tenant_id, connection_id, kind, ref, due_at, created_at)
        SELECT $1, $2, 1, o.order_ref, $3, $3 FROM orders o
        WHERE o.tenant_id = $1 AND o.connection_id = $2 AND o.unmapped_lines > 0
        ON CONFLICT DO NOTHING
        """;

    private const string Note =
        """
        INSERT INTO audit_log (tenant_id, at, actor, action, subject, details)
        SELECT $1, $2, $3, 'listings.map', $4, jsonb_build_object('skus', $5::int, 'listings', $6::int, 'levels', $7::int, 'first', (
          SELECT jsonb_agg(f.code) FROM (
            SELECT m.code FROM auto_map m JOIN listings l ON l.tenant_id = $1 AND l.connection_id = $8 AND l.variant_ref = m.variant_ref
            WHERE m.class = 'map' ORDER BY m.code_key LIMIT 50) f))
        """;

    private const string Report =
        """
        SELECT m.class, m.variant_ref, m.item_ref, m.code, m.title, m.code_key FROM auto_map m
        WHERE m.class NOT IN ('known', 'map') OR (m.class = 'map' AND NOT EXISTS (
          SELECT FROM skus s WHERE s.tenant_id = $1 AND s.code_key = m.code_key))
        ORDER BY m.code_key, m.variant_ref
        """;

    /// <summary>Maps what is certain and reports the rest. A dry run does the same and takes it back.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="connection">The connection; the caller has made sure that it is the tenant's.</param>
    /// <param name="roomForSkus">How many SKUs that the tenant does not have may be created from variants; null for none.</param>
    /// <param name="dryRun">Whether only to report.</param>
    /// <param name="ct">Ends the call; nothing is done then.</param>
    /// <returns>Null where more SKUs would be created than there is room for; nothing is done then.</returns>
    public async Task<MappingReport?> RunAsync(
        long tenant, long connection, long? roomForSkus, bool dryRun, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var now = DatabaseTime.Now(time);
        await session.ExecuteAsync(session.Of(Classify, Sql.P(connection)), ct).ConfigureAwait(false);
        await session.ExecuteAsync(new NpgsqlBatchCommand("ANALYZE auto_map"), ct).ConfigureAwait(false);

        // One entry instead of every row's: those of 100,000 variants took longer than the mapping itself.
        await session.ExecuteAsync(new NpgsqlBatchCommand("SELECT set_config('app.actor', '', true)"), ct).ConfigureAwait(false);
        var skus = roomForSkus is not null ? await session.ExecuteAsync(session.Of(CreateSkus, Sql.P(now)), ct).ConfigureAwait(false) : 0;
        if (skus > roomForSkus)
        {
            return null; // What was begun is rolled back.
        }

        var listings = await session.ExecuteAsync(session.Of(CreateListings, Sql.P(connection), Sql.P(now)), ct).ConfigureAwait(false);
        await session.ExecuteAsync(session.Of(CreateLocks, Sql.P(connection)), ct).ConfigureAwait(false);
        await session.ExecuteAsync(session.Of(TakeLocks, Sql.P(connection)), ct).ConfigureAwait(false);
        var levels = await session.ExecuteAsync(session.Of(CreateLevels, Sql.P(connection), Sql.P(now)), ct).ConfigureAwait(false);
        await session.ExecuteAsync(session.Of(FetchOrdersAgain, Sql.P(connection), Sql.P(now)), ct).ConfigureAwait(false);
        var known = (await session.QueryAsync(
            new NpgsqlBatchCommand("SELECT count(*)::int FROM auto_map WHERE class = 'known'"), row => row.GetInt32(0), ct).ConfigureAwait(false))[0];
        var left = await session.QueryAsync(session.Of(Report), ReadLeft, ct).ConfigureAwait(false);
        if (!dryRun)
        {
            await NoteAsync(session, connection, (skus, listings, levels), now, ct).ConfigureAwait(false);
            await session.CommitAsync(ct).ConfigureAwait(false);
        }

        IReadOnlyList<UnmappedItem> Of(string name) => [.. left.Where(row => row.Class == name).Select(row => row.Item)];
        var ambiguous = left.Where(row => row.Class == "ambiguous").GroupBy(row => row.Key)
            .Select(group => new AmbiguousSku(group.First().Item.Sku, [.. group.Select(row => row.Item)]));
        return new(listings, known, skus, levels, [.. ambiguous], Of("blank"), Of("untracked"), Of("bundle"), Of("map"));
    }

    /// <summary>Writes down who mapped a catalog, where anything was.</summary>
    private static async Task NoteAsync(
        StorageSession session, long connection, (int Skus, int Listings, int Levels) made, DateTimeOffset now, CancellationToken ct)
    {
        if (Acting.Current is { } actor && made is not (0, 0, 0))
        {
            await session.ExecuteAsync(
                session.Of(
                    Note, Sql.P(now), Sql.P(actor.Name), Sql.P($"connections:{connection}"), Sql.P(made.Skus), Sql.P(made.Listings), Sql.P(made.Levels),
                    Sql.P(connection)),
                ct).ConfigureAwait(false);
        }
    }

    private static (string Class, string Key, UnmappedItem Item) ReadLeft(NpgsqlDataReader row) => (
        row.GetString(0), row.GetString(5), new UnmappedItem(row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4)));
}
