using System.Collections.Immutable;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Operations;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Brakes;

/// <summary>Operations of which nothing is to be raised until a person decides.</summary>
/// <param name="Trip">Why.</param>
/// <param name="Rises">Levels that they would raise.</param>
/// <param name="Joins">The change that waits already and that they belong to; null for a new one.</param>
internal sealed record HeldFacts(string Trip, IReadOnlyList<LevelEffect> Rises, long? Joins);

/// <summary>
/// The breaker for stock operations that are somebody's word (<see cref="StockFacts"/>), however they are told: one by one,
/// as a list or as a file. They are booked like any other; where they would raise too many levels, their SKUs are held.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class FactsBrake(TimeProvider time)
{
    private readonly ChangePreview _preview = new(time);

    /// <summary>Why operations that are about to be taken in are to be held; null where they are not.</summary>
    public async Task<HeldFacts?> JudgeAsync(StorageSession session, string who, IEnumerable<OperationDraft> drafts, CancellationToken ct)
    {
        var words = drafts.Where(d => StockFacts.IsWord(d.Kind)).ToList();
        if (!words.Exists(d => StockFacts.MayRaise(d.Kind, d.Units, d.To)))
        {
            return null;
        }

        var told = await DeltasAsync(session, words, ct).ConfigureAwait(false);
        var raised = told.Where(d => d.Sellable > 0).Select(d => d.Sku).Distinct().ToList();
        if (raised.Count == 0)
        {
            return null;
        }

        var since = DatabaseTime.Now(time) - ChangeBreaker.Window;
        var reach = await ReachAsync(session, who, since, raised, ct).ConfigureAwait(false);
        if (reach.Exists(r => r.Own >= ChangeBreaker.LeastTouched))
        {
            // Two halves of a mass change at the same moment must see each other; single ones are too few to matter.
            await ChangeDesk.LockAsync(session, ct).ConfigureAwait(false);
            reach = await ReachAsync(session, who, since, raised, ct).ConfigureAwait(false);
        }

        var joins = await WaitingAsync(session, who, since, ct).ConfigureAwait(false);
        if (joins is null && !await IsTooManyAsync(session, reach, ct).ConfigureAwait(false))
        {
            return null; // Not even if each of its levels rose.
        }

        var earlier = await LevelsOfAsync(session, await EarlierAsync(session, who, since, ct).ConfigureAwait(false), ct).ConfigureAwait(false);
        var effects = await _preview.EffectsAsync(session, new StockFactsChange([.. raised]) { Told = [.. told] }, progress: null, ct).ConfigureAwait(false);
        if (effects.Levels.Count == 0)
        {
            return null;
        }

        var impact = await ChangePreview.ImpactAsync(session, [.. earlier, .. effects.Levels], ct).ConfigureAwait(false);
        var trip = impact.Select(ChangeBreaker.Judge).FirstOrDefault(why => why is not null);
        return joins is null && trip is null ? null : new HeldFacts(trip ?? "more of what waits already was told", effects.Levels, joins);
    }

    /// <summary>Holds what would rise, as a change that waits; returns its id.</summary>
    public async Task<long> HoldAsync(StorageSession session, HeldFacts held, string who, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        var skus = held.Rises.Select(rise => rise.Sku).Distinct().ToImmutableArray();
        await session.ExecuteAsync(
            session.Of(
                "UPDATE skus SET raises_held = true WHERE tenant_id = $1 AND sku_id = ANY ($2) AND NOT raises_held",
                Sql.P(skus.Select(sku => sku.Value).Order().ToArray())),
            ct).ConfigureAwait(false);
        if (held.Joins is not { } id)
        {
            var made = await ChangeRows.InsertAsync(
                session, new StockFactsChange(skus), "corrections and counts of many SKUs", who, held.Trip, undoes: null, now, ct).ConfigureAwait(false);
            await ChangeRows.ShowAsync(session, made, held.Rises, ct).ConfigureAwait(false);
            await ChangeDesk.OpenIncidentAsync(session, made, held.Trip, now, ct).ConfigureAwait(false);
            return made;
        }

        var known = (StockFactsChange)(await ChangeRows.LockAsync(session, id, ct).ConfigureAwait(false))!.Change;
        var shown = (await ChangePreview.ShownAsync(session, id, ct).ConfigureAwait(false)).ToDictionary(effect => effect.Level);
        foreach (var rise in held.Rises)
        {
            shown[rise.Level] = rise;
        }

        await ChangeRows.ShowAsync(session, id, [.. shown.Values], ct).ConfigureAwait(false);
        await ChangeRows.ChangedAsync(session, id, new StockFactsChange([.. known.Held.Union(skus)]), ct).ConfigureAwait(false);
        return id;
    }

    /// <summary>Lets SKUs be raised again that no other change holds, and has them planned.</summary>
    public static async Task ReleaseAsync(StorageSession session, long change, StockFactsChange facts, DateTimeOffset at, CancellationToken ct)
    {
        await using var batch = session.Batch(
            session.Of(
                """
                UPDATE skus SET raises_held = false
                WHERE tenant_id = $1 AND sku_id = ANY ($2) AND raises_held AND NOT EXISTS (
                  SELECT FROM bulk_changes c CROSS JOIN LATERAL jsonb_array_elements(c.payload) AS h (sku)
                  WHERE c.tenant_id = $1 AND c.kind = $3 AND c.state = 1 AND c.change_id <> $4 AND h.sku = to_jsonb(skus.sku_id))
                """,
                Sql.P(facts.Held.Select(sku => sku.Value).Order().ToArray()), Sql.P((short)ChangeKind.StockFacts), Sql.P(change)),
            session.Of("INSERT INTO sync_runs (tenant_id, kind, parameters, created_at) VALUES ($1, 'replan', '{}', $2)", Sql.P(at)));
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>What words book that the ledger has not heard yet; of a count what it differs from what is known of its moment.</summary>
    private static async Task<List<FactDelta>> DeltasAsync(StorageSession session, List<OperationDraft> words, CancellationToken ct) => await session.QueryAsync(
        session.Of(
            """
            SELECT d.sku_id, d.location_id, d.kind = 5, CASE d.kind
                WHEN 5 THEN CASE WHEN d.to_c = 1 THEN -d.units WHEN d.from_c = 1 THEN d.units ELSE 0 END
                WHEN 6 THEN d.units - coalesce(p.on_hand, 0) + coalesce((
                  SELECT sum(e.delta) FROM ledger_entries e
                  WHERE e.tenant_id = $1 AND e.sku_id = d.sku_id AND e.location_id = d.location_id AND e.bucket = 1
                    AND e.recorded_at >= d.at - interval '5 minutes' AND e.occurred_at >= d.at), 0)::int
                ELSE d.units END AS delta
            FROM unnest($2::text[], $3::smallint[], $4::bigint[], $5::bigint[], $6::int[], $7::smallint[], $8::smallint[], $9::timestamptz[])
              AS d (key, kind, sku_id, location_id, units, from_c, to_c, at)
            LEFT JOIN positions p ON p.tenant_id = $1 AND p.sku_id = d.sku_id AND p.location_id = d.location_id
            WHERE NOT EXISTS (SELECT FROM stock_operations o WHERE o.tenant_id = $1 AND o.operation_key = d.key)
            """,
            Sql.Column(words, d => d.Key), Sql.Column(words, d => (short)d.Kind), Sql.Column(words, d => d.SkuId), Sql.Column(words, d => d.LocationId),
            Sql.Column(words, d => d.Units), Sql.Column(words, d => (short?)d.From), Sql.Column(words, d => (short?)d.To),
            Sql.Column(words, d => DatabaseTime.Of(d.OccurredAt))),
        row => new FactDelta(
            new SkuId(row.GetInt64(0)), new LocationId(row.GetInt64(1)), row.GetBoolean(2) ? Bucket.Unavailable : Bucket.OnHand, row.GetInt32(3)),
        ct).ConfigureAwait(false);

    /// <summary>SKUs that the words of a caller ($2) raised lately ($3), which passed.</summary>
    private const string EarlierSql =
        """
        SELECT DISTINCT o.sku_id FROM stock_operations o
        WHERE o.tenant_id = $1 AND o.actor = $2 AND o.accepted_at > $3 AND o.change_id IS NULL
          AND ((o.kind = 3 AND o.units > 0) OR (o.kind = 5 AND o.to_condition = 1) OR (o.kind = 6 AND EXISTS (
            SELECT FROM stock_counts c WHERE c.tenant_id = $1 AND c.count_key = o.operation_key AND c.variance > 0)))
          -- What a person looked at before it was booked is left out: another change, and a count sheet.
          AND o.operation_key NOT LIKE 'change:%' AND o.operation_key NOT LIKE 'count:sheet:%'
        """;

    private static Task<List<SkuId>> EarlierAsync(StorageSession session, string who, DateTimeOffset since, CancellationToken ct) =>
        session.QueryAsync(session.Of(EarlierSql, Sql.P(who), Sql.P(since)), row => new SkuId(row.GetInt64(0)), ct);

    /// <summary>Published levels of a connection that words may raise, the caller's earlier ones with them; kits with their parts.</summary>
    /// <param name="Own">Those of the words that are told now.</param>
    private sealed record Reach(ConnectionId Connection, int Own, int All);

    private static Task<List<Reach>> ReachAsync(StorageSession session, string who, DateTimeOffset since, List<SkuId> raised, CancellationToken ct) => session.QueryAsync(
        session.Of(
            $"""
            WITH named AS (SELECT unnest($4::bigint[]) AS sku_id, true AS own UNION ALL SELECT e.sku_id, false FROM ({EarlierSql}) e),
            tied AS (
              SELECT sku_id, own FROM named UNION ALL
              SELECT k.kit_sku_id, n.own FROM named n JOIN sku_components k ON k.tenant_id = $1 AND k.component_sku_id = n.sku_id),
            each AS (SELECT sku_id, bool_or(own) AS own FROM tied GROUP BY sku_id)
            SELECT l.connection_id, count(*) FILTER (WHERE e.own)::int, count(*)::int
            FROM each e JOIN listing_levels l ON l.tenant_id = $1 AND l.sku_id = e.sku_id AND l.status = $5 GROUP BY l.connection_id
            """,
            Sql.P(who), Sql.P(since), Sql.P(raised.Select(sku => sku.Value).ToArray()), Sql.P((short)LevelStatus.Live)),
        row => new Reach(new ConnectionId(row.GetInt64(0)), row.GetInt32(1), row.GetInt32(2)),
        ct);

    private static async Task<bool> IsTooManyAsync(StorageSession session, List<Reach> reach, CancellationToken ct)
    {
        if (!reach.Exists(r => r.All >= ChangeBreaker.LeastTouched))
        {
            return false;
        }

        var levels = await ChangePreview.PublishedAsync(session, ct).ConfigureAwait(false);
        return reach.Exists(r => ChangeBreaker.Judge(new ConnectionImpact(r.Connection, levels.GetValueOrDefault(r.Connection), r.All, 0)) is not null);
    }

    /// <summary>The published levels of SKUs and of kits that they are part of.</summary>
    private static Task<List<LevelEffect>> LevelsOfAsync(StorageSession session, List<SkuId> skus, CancellationToken ct) => session.QueryAsync(
        session.Of(
            """
            SELECT l.sku_id, l.level_id, l.connection_id FROM listing_levels l
            WHERE l.tenant_id = $1 AND l.status = $3 AND l.sku_id IN (
              SELECT unnest($2::bigint[]) UNION
              SELECT k.kit_sku_id FROM sku_components k WHERE k.tenant_id = $1 AND k.component_sku_id = ANY ($2))
            """,
            Sql.P(skus.Select(sku => sku.Value).ToArray()), Sql.P((short)LevelStatus.Live)),
        row => new LevelEffect(new SkuId(row.GetInt64(0)), new LevelId(row.GetInt64(1)), new ConnectionId(row.GetInt64(2)), 0, 1),
        ct);

    /// <summary>What the caller told lately and waits: more of it belongs to it.</summary>
    private static async Task<long?> WaitingAsync(StorageSession session, string who, DateTimeOffset since, CancellationToken ct)
    {
        var found = await session.QueryAsync(
            session.Of(
                """
                SELECT change_id FROM bulk_changes
                WHERE tenant_id = $1 AND kind = $2 AND state = 1 AND who = $3 AND created_at > $4 ORDER BY change_id DESC LIMIT 1
                """,
                Sql.P((short)ChangeKind.StockFacts), Sql.P(who), Sql.P(since)),
            row => (long?)row.GetInt64(0),
            ct).ConfigureAwait(false);
        return found.SingleOrDefault();
    }
}
