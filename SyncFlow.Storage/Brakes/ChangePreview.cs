using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Brakes;

/// <summary>Looks at what a bulk change would do, without a lock and without a write.</summary>
/// <param name="time">The clock.</param>
internal sealed class ChangePreview(TimeProvider time)
{
    /// <summary>The effects of a change on all levels of its SKUs.</summary>
    public async Task<List<LevelEffect>> EffectsAsync(StorageSession session, BulkChange change, CancellationToken ct)
    {
        var effects = new List<LevelEffect>();
        foreach (var page in change.Skus.Chunk(PlanPreview.PageSize))
        {
            var loaded = await StockStore.ReadSkusAsync(session, page, ct).ConfigureAwait(false);
            effects.AddRange(LevelEffect.Of(change, loaded, DatabaseTime.Now(time)));
        }

        return effects;
    }

    /// <summary>
    /// Why a change needs approval; null where it does not. What the same caller did of the same kind within the window
    /// counts with it.
    /// </summary>
    public async Task<string?> JudgeAsync(
        StorageSession session, ChangeKind kind, string who, IReadOnlyList<LevelEffect> effects, CancellationToken ct)
    {
        if (effects.Count == 0)
        {
            return null;
        }

        var earlier = await session.QueryAsync(
            session.Of(
                """
                SELECT l.sku_id, l.level_id, l.connection_id, l.before_units, l.after_units
                FROM bulk_changes c JOIN change_levels l USING (tenant_id, change_id)
                WHERE c.tenant_id = $1 AND c.who = $2 AND c.kind = $3 AND c.state = 2 AND c.decided_at > $4
                  AND c.undoes IS NULL AND c.trip IS NULL
                ORDER BY l.change_id
                """,
                Sql.P(who), Sql.P((short)kind), Sql.P(DatabaseTime.Now(time) - ChangeBreaker.Window)),
            ReadEffect,
            ct).ConfigureAwait(false);
        return (await ImpactAsync(session, [.. earlier, .. effects], ct).ConfigureAwait(false)).Select(ChangeBreaker.Judge).FirstOrDefault(why => why is not null);
    }

    /// <summary>The impact of effects, per connection.</summary>
    public static async Task<IReadOnlyList<ConnectionImpact>> ImpactAsync(
        StorageSession session, IReadOnlyList<LevelEffect> effects, CancellationToken ct)
    {
        var levels = await session.QueryAsync(
            session.Of(
                "SELECT connection_id, count(*)::int FROM listing_levels WHERE tenant_id = $1 AND status = $2 GROUP BY connection_id",
                Sql.P((short)LevelStatus.Live)),
            row => (Connection: new ConnectionId(row.GetInt64(0)), Levels: row.GetInt32(1)),
            ct).ConfigureAwait(false);
        return ConnectionImpact.Of(effects, levels.ToDictionary(l => l.Connection, l => l.Levels));
    }

    /// <summary>The effects of a change as they were last shown.</summary>
    public static Task<List<LevelEffect>> ShownAsync(StorageSession session, long change, CancellationToken ct) => session.QueryAsync(
        session.Of(
            """
            SELECT sku_id, level_id, connection_id, before_units, after_units FROM change_levels
            WHERE tenant_id = $1 AND change_id = $2 ORDER BY (before_units > 0 AND after_units <= 0) DESC, sku_id, level_id
            """,
            Sql.P(change)),
        ReadEffect,
        ct);

    private static LevelEffect ReadEffect(NpgsqlDataReader row) => new(
        new SkuId(row.GetInt64(0)), new LevelId(row.GetInt64(1)), new ConnectionId(row.GetInt64(2)), row.GetInt32(3), row.GetInt32(4));
}
