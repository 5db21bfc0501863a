using System.Collections.Immutable;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;
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
    /// <param name="progress">Told how many SKUs have been looked at; null where nobody asks.</param>
    /// <param name="most">Levels after which the look may end.</param>
    public async Task<ChangeEffects> EffectsAsync(
        StorageSession session, BulkChange change, Func<int, Task>? progress, CancellationToken ct, int most = int.MaxValue)
    {
        var now = DatabaseTime.Now(time);
        Func<SkuId, Task<List<SkuId>>> Pages(SkuFilter filter) => after => SkuPages.NextAsync(session, filter, after, PageSize, ct);
        Task<WorkingSet> Read(IReadOnlyCollection<SkuId> skus, RulesAsIf asIf) => StockStore.ReadSkusAsync(session, skus, asIf, ct);
        Task<WorkingSet> Written(IReadOnlyCollection<SkuId> skus, RuleChange rule) => AsIfWrittenAsync(session, skus, rule, now, ct);
        var look = change switch
        {
            StockFactsChange facts => new Look(Named(facts.Skus), null, facts.On) { Releases = true },
            SkuChange named => new Look(Named(named.Skus), null, named.On),
            AllocationChange rule => new Look(
                Pages(PolicyReach.Filter(rule.Scope, rule.Of)), skus => Read(skus, new PolicyAsIf(rule.Scope, rule.Of, rule.Policy)), sku => sku),
            BufferChange rule => new Look(Pages(new SkuFilter()), null, await BufferDesk.AsIfAsync(session, rule, now, ct).ConfigureAwait(false)),
            KitChange rule => new Look(Named([rule.Sku, .. rule.Components.Select(c => c.Sku)]), null, rule.On),
            GroupChange rule => await OfGroupsAsync(rule).ConfigureAwait(false),
            LocationChange rule => new Look(Pages(PolicyReach.Filter(rule)), skus => Written(skus, rule), sku => sku),
            AuthorityChange rule => new Look(Pages(PolicyReach.Filter(rule)), skus => Written(skus, rule), sku => sku),
            _ => throw new ArgumentException($"Nobody knows what {change.GetType().Name} does.", nameof(change)),
        };
        return await OfAsync(session, look, progress, most, ct).ConfigureAwait(false);

        async Task<Look> OfGroupsAsync(GroupChange rule)
        {
            var asIf = await GroupsAsIf.ReadAsync(session, rule.Members.ToImmutableDictionary(m => m.Sku, m => m.Group), ct).ConfigureAwait(false);
            return new Look(Named(rule.Members.Select(m => m.Sku)), skus => Read(skus, asIf), sku => sku);
        }
    }

    /// <summary>How a change is looked at.</summary>
    /// <param name="Next">The next page of SKUs after one.</param>
    /// <param name="With">Reads SKUs by the rules as they would be; null where rules stay.</param>
    /// <param name="On">What else becomes of a SKU.</param>
    private sealed record Look(
        Func<SkuId, Task<List<SkuId>>> Next, Func<IReadOnlyCollection<SkuId>, Task<WorkingSet>>? With, Func<SkuState, SkuState> On)
    {
        /// <summary>Whether it lets SKUs be raised that are held; nothing but what rises is then its effect.</summary>
        public bool Releases { get; init; }
    }

    /// <summary>
    /// SKUs as they are read once a setting is set: it is set, they are read, and it is taken back. So what is read is what
    /// every plan would read, whatever the setting decides over.
    /// </summary>
    private static async Task<WorkingSet> AsIfWrittenAsync(
        StorageSession session, IReadOnlyCollection<SkuId> skus, RuleChange rule, DateTimeOffset now, CancellationToken ct)
    {
        const string before = "as_if";
        await session.SavePointAsync(before, ct).ConfigureAwait(false);
        await RuleRows.WriteAsync(session, rule, "", now, ct).ConfigureAwait(false);
        var set = await StockStore.ReadSkusAsync(session, skus, ct).ConfigureAwait(false);
        await session.RollBackToAsync(before, ct).ConfigureAwait(false);
        return set;
    }

    /// <summary>SKUs that are known beforehand, in pages by number.</summary>
    private static Func<SkuId, Task<List<SkuId>>> Named(IEnumerable<SkuId> skus)
    {
        var sorted = skus.Distinct().OrderBy(sku => sku.Value).ToList();
        return after => Task.FromResult(sorted.Where(sku => sku.Value > after.Value).Take(PageSize).ToList());
    }

    private async Task<ChangeEffects> OfAsync(StorageSession session, Look look, Func<int, Task>? progress, int most, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        var (levels, writes, done) = (new List<LevelEffect>(), new List<PreviewedWrite>(), new HashSet<SkuId>());
        for (var after = new SkuId(0); ;)
        {
            var page = await look.Next(after).ConfigureAwait(false);
            if (page.Count == 0 || levels.Count >= most)
            {
                return new ChangeEffects(levels, [.. writes.OrderBy(w => w.Step).ThenBy(w => w.Sku.Value).ThenBy(w => w.Level.Value)]);
            }

            // What kits tie to a SKU comes with it, and is not looked at again.
            after = page[^1];
            page.RemoveAll(done.Contains);
            var without = await StockStore.ReadSkusAsync(session, page, ct).ConfigureAwait(false);
            var with = look.With is null ? without : await look.With(page).ConfigureAwait(false);
            done.UnionWith(without.Skus.Select(sku => sku.Sku));
            var effects = ChangeEffects.Of(without, with, look.On, now, look.Releases);
            levels.AddRange(effects.Levels.Where(effect => !look.Releases || effect.After > effect.Before));
            writes.AddRange(effects.Writes);
            if (progress is not null)
            {
                await progress(done.Count).ConfigureAwait(false);
            }
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
    internal static async Task<IReadOnlyList<ConnectionImpact>> ImpactAsync(
        StorageSession session, IReadOnlyList<LevelEffect> effects, CancellationToken ct) =>
        ConnectionImpact.Of(effects, await PublishedAsync(session, ct).ConfigureAwait(false));

    /// <summary>How many levels of each connection are published.</summary>
    internal static async Task<IReadOnlyDictionary<ConnectionId, int>> PublishedAsync(StorageSession session, CancellationToken ct)
    {
        var levels = await session.QueryAsync(
            session.Of(
                "SELECT connection_id, count(*)::int FROM listing_levels WHERE tenant_id = $1 AND status = $2 GROUP BY connection_id",
                Sql.P((short)LevelStatus.Live)),
            row => (Connection: new ConnectionId(row.GetInt64(0)), Levels: row.GetInt32(1)),
            ct).ConfigureAwait(false);
        return levels.ToDictionary(l => l.Connection, l => l.Levels);
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

    /// <summary>The impact of a change, per connection, as it was last shown.</summary>
    public static Task<List<ImpactView>> ShownImpactAsync(StorageSession session, long change, CancellationToken ct) => session.QueryAsync(
        session.Of(
            """
            SELECT c.connection_id, (SELECT count(*) FROM listing_levels l WHERE l.tenant_id = $1 AND l.connection_id = c.connection_id AND l.status = $3)::int,
              count(*)::int, count(*) FILTER (WHERE c.before_units > 0 AND c.after_units <= 0)::int
            FROM change_levels c WHERE c.tenant_id = $1 AND c.change_id = $2 GROUP BY c.connection_id ORDER BY c.connection_id
            """,
            Sql.P(change), Sql.P((short)LevelStatus.Live)),
        row => new ImpactView(row.GetInt64(0), row.GetInt32(1), row.GetInt32(2), row.GetInt32(3)),
        ct);

    /// <summary>The effects of a change as they were last shown, emptied levels first.</summary>
    /// <param name="most">Most of them.</param>
    public static Task<List<LevelEffect>> ShownAsync(StorageSession session, long change, CancellationToken ct, int most = int.MaxValue) => session.QueryAsync(
        session.Of(
            """
            SELECT sku_id, level_id, connection_id, before_units, after_units FROM change_levels
            WHERE tenant_id = $1 AND change_id = $2 ORDER BY (before_units > 0 AND after_units <= 0) DESC, sku_id, level_id LIMIT $3
            """,
            Sql.P(change), Sql.P(most)),
        ReadEffect,
        ct);

    private static LevelEffect ReadEffect(NpgsqlDataReader row) => new(
        new SkuId(row.GetInt64(0)), new LevelId(row.GetInt64(1)), new ConnectionId(row.GetInt64(2)), row.GetInt32(3), row.GetInt32(4));
}
