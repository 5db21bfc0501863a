using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources;

/// <summary>
/// Compares a full refresh with what its source had, and adds a row for each position that it leaves out. Both may have
/// millions of rows: they are matched by the server and read one after another, never held here.
/// </summary>
internal static class RefreshComparison
{
    private const string Known =
        """
        WITH listed AS MATERIALIZED (
          SELECT item_key, place, bool_or(on_hand > 0) AS positive FROM source_file_rows WHERE tenant_id = $1 AND file_id = $3 GROUP BY item_key, place)
        SELECT min(coalesce(i.item_code, k.code)), p.place, bool_or(a.place IS NOT NULL OR b.place IS NOT NULL),
          coalesce(bool_or(a.positive OR b.positive), false)
        FROM source_positions p JOIN skus k USING (tenant_id, sku_id)
        LEFT JOIN source_items i ON i.tenant_id = $1 AND i.connection_id = $2 AND i.sku_id = p.sku_id
        LEFT JOIN listed a ON a.place = p.place AND a.item_key = k.code_key
        LEFT JOIN listed b ON b.place = p.place AND b.item_key = i.item_key
        WHERE p.tenant_id = $1 AND p.connection_id = $2 AND p.on_hand > 0
        GROUP BY p.sku_id, p.place ORDER BY p.place, p.sku_id
        """;

    /// <summary>The comparison.</summary>
    /// <param name="leftOut">Makes the event of a position that is left out, of its item, its place and its number among them.</param>
    /// <param name="add">Keeps rows of the file.</param>
    public static async Task<FeedComparison> RunAsync(
        StorageSession session, long connection, long file, Func<string, string, int, SourceEvent> leftOut,
        Func<IReadOnlyList<FileRow>, Task> add, CancellationToken ct)
    {
        var counts = await session.QueryAsync(
            session.Of(
                """
                SELECT count(*), coalesce(max(line), 1)
                FROM (SELECT max(line) AS line FROM source_file_rows WHERE tenant_id = $1 AND file_id = $2 GROUP BY item_key, place) AS listed
                """,
                Sql.P(file)),
            row => (Listed: row.GetInt64(0), Line: row.GetInt32(1)), ct).ConfigureAwait(false);

        // What has just come in has no statistics yet: it looks small, and matching each row with each would look cheap.
        await session.ExecuteAsync(session.Of("SELECT set_config('enable_nestloop', 'off', true)"), ct).ConfigureAwait(false);
        var (known, zeroed, left) = (0L, 0L, 0);
        var rows = new List<FileRow>(SourceBatch.MostEvents);
        await using var batch = session.Batch(session.Of(Known, Sql.P(connection), Sql.P(file)));
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
        {
            known++;
            zeroed += reader.GetBoolean(3) ? 0 : 1;
            if (!reader.GetBoolean(2))
            {
                rows.Add(new FileRow(counts[0].Line + 1 + left, leftOut(reader.GetString(0), reader.GetString(1), left)));
                left++;
            }

            if (rows.Count == SourceBatch.MostEvents)
            {
                await add(rows).ConfigureAwait(false);
                rows.Clear();
            }
        }

        if (rows.Count > 0)
        {
            await add(rows).ConfigureAwait(false);
        }

        return new FeedComparison(known, counts[0].Listed, zeroed);
    }
}
