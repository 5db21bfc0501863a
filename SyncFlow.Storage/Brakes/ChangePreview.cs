using System.Collections.Immutable;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Buffers;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Brakes;

/// <summary>Looks at what a bulk change would do, without a lock and without a write.</summary>
/// <param name="time">The clock.</param>
internal sealed class ChangePreview(TimeProvider time)
{
    /// <summary>SKUs read at a time.</summary>
    private const int PageSize = 500;

    /// <summary>The effects of a change on all levels it reaches, and the writes that follow in the order of their steps.</summary>
    public async Task<ChangeEffects> EffectsAsync(StorageSession session, BulkChange change, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        return change switch
        {
            SkuChange named => await OfAsync(session, Named(named.Skus), asIf: null, named.On, ct).ConfigureAwait(false),
            AllocationChange rule => await OfAsync(
                session, after => SkuPages.NextAsync(session, PolicyReach.Filter(rule.Scope, rule.Of), after, PageSize, ct),
                new PolicyAsIf(rule.Scope, rule.Of, rule.Policy), sku => sku, ct).ConfigureAwait(false),
            BufferChange rule => await OfAsync(
                session, after => SkuPages.NextAsync(session, new SkuFilter(), after, PageSize, ct), asIf: null,
                await BufferDesk.AsIfAsync(session, rule, now, ct).ConfigureAwait(false), ct).ConfigureAwait(false),
            KitChange rule => await OfAsync(
                session, Named([rule.Sku, .. rule.Components.Select(c => c.Sku)]), asIf: null, rule.On, ct).ConfigureAwait(false),
            GroupChange rule => await OfAsync(
                session, Named(rule.Members.Select(m => m.Sku)),
                await GroupsAsIf.ReadAsync(session, rule.Members.ToImmutableDictionary(m => m.Sku, m => m.Group), ct).ConfigureAwait(false),
                sku => sku, ct).ConfigureAwait(false),
            _ => throw new ArgumentException($"Nobody knows what {change.GetType().Name} does.", nameof(change)),
        };
    }

    /// <summary>SKUs that are known beforehand, in pages by number.</summary>
    private static Func<SkuId, Task<List<SkuId>>> Named(IEnumerable<SkuId> skus)
    {
        var sorted = skus.Distinct().OrderBy(sku => sku.Value).ToList();
        return after => Task.FromResult(sorted.Where(sku => sku.Value > after.Value).Take(PageSize).ToList());
    }

    /// <param name="next">The next page of SKUs after one.</param>
    private async Task<ChangeEffects> OfAsync(
        StorageSession session, Func<SkuId, Task<List<SkuId>>> next, RulesAsIf? asIf, Func<SkuState, SkuState> change, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        var (levels, writes, done) = (new List<LevelEffect>(), new List<PreviewedWrite>(), new HashSet<SkuId>());
        for (var after = new SkuId(0); ;)
        {
            var page = await next(after).ConfigureAwait(false);
            if (page.Count == 0)
            {
                return new ChangeEffects(levels, [.. writes.OrderBy(w => w.Step).ThenBy(w => w.Sku.Value).ThenBy(w => w.Level.Value)]);
            }

            // What kits tie to a SKU comes with it, and is not looked at again.
            after = page[^1];
            page.RemoveAll(done.Contains);
            var without = await StockStore.ReadSkusAsync(session, page, ct).ConfigureAwait(false);
            var with = asIf is null ? without : await StockStore.ReadSkusAsync(session, page, asIf, ct).ConfigureAwait(false);
            done.UnionWith(without.Skus.Select(sku => sku.Sku));
            var effects = ChangeEffects.Of(without, with, change, now);
            levels.AddRange(effects.Levels);
            writes.AddRange(effects.Writes);
        }
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

    /// <summary>A page of the levels that a change was last shown to change, by level.</summary>
    /// <param name="after">Only levels behind this one.</param>
    public static Task<List<ShownLevel>> LevelsAsync(StorageSession session, long change, long? after, int count, CancellationToken ct) => session.QueryAsync(
        session.Of(
            """
            SELECT s.code, c.level_id, c.connection_id, c.before_units, c.after_units
            FROM change_levels c JOIN skus s USING (tenant_id, sku_id)
            WHERE c.tenant_id = $1 AND c.change_id = $2 AND ($3::bigint IS NULL OR c.level_id > $3) ORDER BY c.level_id LIMIT $4
            """,
            Sql.P(change), Sql.P(after), Sql.P(count)),
        row => new ShownLevel(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetInt32(3), row.GetInt32(4)),
        ct);

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
