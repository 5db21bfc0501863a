using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Brakes;

/// <summary>
/// Takes bulk changes back: by compensating ledger entries, or by settings put back. Nothing is deleted; the undo is a
/// change of its own, so it can be taken back too. It is looked at before it is done, so the breaker asks no second time.
/// </summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class UndoDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const int MostOrders = 20;

    private readonly ChangePreview _preview = new(time);

    /// <summary>What taking a change back would do; null where there is no such change.</summary>
    public async Task<UndoPreview?> PreviewAsync(long tenant, long id, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        if (await ChangeRows.LockAsync(session, id, ct).ConfigureAwait(false) is not { } stored)
        {
            return null;
        }

        var (inverse, blocks) = await InverseAsync(session, stored, ct).ConfigureAwait(false);
        var effects = (await _preview.EffectsAsync(session, inverse, progress: null, ct, UndoPreview.MostEffects).ConfigureAwait(false)).Levels;
        return new UndoPreview(
            await ChangeRows.ViewAsync(session, stored, ct).ConfigureAwait(false),
            [.. effects.Take(UndoPreview.MostEffects).Select(ChangeRows.View)], blocks);
    }

    /// <summary>Takes a change back, whole or not at all.</summary>
    /// <param name="version">Of the change as it was shown.</param>
    /// <param name="progress">Told how many SKUs have been looked at; given where that takes long: it is done before others have to wait.</param>
    /// <returns>The change that takes it back; where it is refused, the one that stays, and why.</returns>
    public async Task<(Decision Decision, IReadOnlyList<UndoBlockView> Blocks)> UndoAsync(
        long tenant, long id, int version, string who, string why, Func<int, Task>? progress, CancellationToken ct)
    {
        var seen = progress is null ? null : await LookAsync(tenant, id, progress, ct).ConfigureAwait(false);
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        await ChangeDesk.LockAsync(session, ct).ConfigureAwait(false);
        if (await ChangeRows.LockAsync(session, id, ct).ConfigureAwait(false) is not { } stored)
        {
            return (new Decision(DecisionOutcome.NoSuchChange, null, []), []);
        }

        if (stored.State != ChangeState.Applied || stored.Version != version)
        {
            var outcome = stored.State != ChangeState.Applied ? DecisionOutcome.WrongState : DecisionOutcome.NotAsShown;
            return (new Decision(outcome, await ChangeRows.ViewAsync(session, stored, ct).ConfigureAwait(false), []), []);
        }

        var (inverse, blocks) = await InverseAsync(session, stored, ct).ConfigureAwait(false);
        if (blocks.Count > 0)
        {
            return (new Decision(DecisionOutcome.WrongState, await ChangeRows.ViewAsync(session, stored, ct).ConfigureAwait(false), []), blocks);
        }

        var now = DatabaseTime.Now(time);
        var effects = seen?.Mark == await ChangeRows.MarkAsync(session, ct).ConfigureAwait(false)
            ? seen.Levels
            : (await _preview.EffectsAsync(session, inverse, progress, ct).ConfigureAwait(false)).Levels;
        var undo = await ChangeRows.InsertAsync(session, inverse, why, who, trip: null, undoes: id, now, ct).ConfigureAwait(false);
        await ChangeRows.ShowAsync(session, undo, effects, ct).ConfigureAwait(false);
        await ChangeDesk.DoAsync(session, undo, inverse, who, why, note: null, now, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                "UPDATE bulk_changes SET state = $3, undone_by = $4, version = version + 1 WHERE tenant_id = $1 AND change_id = $2",
                Sql.P(id), Sql.P((short)ChangeState.Undone), Sql.P(undo)),
            ct).ConfigureAwait(false);
        var view = await ChangeDesk.ViewAsync(session, undo, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return (new Decision(DecisionOutcome.Done, view, []), []);
    }

    private sealed record Seen(ChangeMark Mark, IReadOnlyList<LevelEffect> Levels);

    /// <summary>Null where there is no such change.</summary>
    private async Task<Seen?> LookAsync(long tenant, long id, Func<int, Task> progress, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var mark = await ChangeRows.MarkAsync(session, ct).ConfigureAwait(false);
        if ((await ChangeRows.ListAsync(session, id, null, null, 1, ct).ConfigureAwait(false)).SingleOrDefault() is not { } stored)
        {
            return null;
        }

        var (inverse, _) = await InverseAsync(session, stored, ct).ConfigureAwait(false);
        return new Seen(mark, (await _preview.EffectsAsync(session, inverse, progress, ct).ConfigureAwait(false)).Levels);
    }

    private static Task<(BulkChange Inverse, IReadOnlyList<UndoBlockView> Blocks)> InverseAsync(
        StorageSession session, StoredChange stored, CancellationToken ct) => stored.Change switch
        {
            AdjustmentsChange adjustments => OfAdjustmentsAsync(session, stored, adjustments, ct),
            StockFactsChange => OfFactsAsync(session, stored, ct),
            FactsTakenBackChange back => Task.FromResult<(BulkChange, IReadOnlyList<UndoBlockView>)>((
                back, [new UndoBlockView("", null, 0, "what was corrected or counted then is not what stands now: tell it again instead", [])])),
            SkuPoliciesChange policies => OfPoliciesAsync(session, stored, policies, ct),
            RuleChange rule => OfRuleAsync(session, stored, rule, ct),
            _ => throw new ArgumentException($"Nobody knows how to take {stored.Kind} back.", nameof(stored)),
        };

    /// <summary>The ledger says what was booked; what is taken back is that, not what was asked for.</summary>
    private static async Task<(BulkChange, IReadOnlyList<UndoBlockView>)> OfAdjustmentsAsync(
        StorageSession session, StoredChange stored, AdjustmentsChange change, CancellationToken ct)
    {
        var keys = change.Items.Select((_, i) => ChangeApplication.KeyOf(stored.Id, i)).ToArray();
        var booked = await session.QueryAsync(
            session.Of(
                """
                SELECT e.sku_id, e.location_id, sum(e.delta)::int FROM ledger_entries e
                WHERE e.tenant_id = $1 AND e.fact_key = ANY ($2) AND e.bucket = 1 AND e.connection_id IS NULL AND e.reason = 10
                GROUP BY e.sku_id, e.location_id HAVING sum(e.delta) <> 0 ORDER BY e.sku_id, e.location_id
                """,
                Sql.P(keys)),
            row => new AdjustmentItem(new SkuId(row.GetInt64(0)), new LocationId(row.GetInt64(1)), -row.GetInt32(2)),
            ct).ConfigureAwait(false);
        var inverse = new AdjustmentsChange([.. booked]);
        var waiting = await session.QueryAsync(
            session.Of("SELECT count(*)::int FROM inbox WHERE tenant_id = $1 AND connection_id IS NULL AND webhook_id = ANY ($2) AND state = 0", Sql.P(keys)),
            row => row.GetInt32(0),
            ct).ConfigureAwait(false);
        if (waiting[0] > 0)
        {
            return (inverse, [new UndoBlockView("", null, 0, $"{waiting[0]} of its corrections are not in the ledger yet: wait a moment", [])]);
        }

        var set = await StockStore.ReadSkusAsync(session, inverse.Skus, ct).ConfigureAwait(false);
        return (inverse, await WordsAsync(session, stored, UndoRules.Of(booked, set.FindSku), ct).ConfigureAwait(false));
    }

    private static async Task<(BulkChange, IReadOnlyList<UndoBlockView>)> OfFactsAsync(StorageSession session, StoredChange stored, CancellationToken ct)
    {
        var deltas = FactsTakeBack.Deltas(await FactsTakeBack.ReadAsync(session, stored.Id, ct).ConfigureAwait(false)).ToList();
        var inverse = new FactsTakenBackChange(stored.Id, [.. deltas]);
        if (await FactsTakeBack.PendingAsync(session, stored.Id, ct).ConfigureAwait(false) is > 0 and var pending)
        {
            return (inverse, [new UndoBlockView("", null, 0, $"{pending} of its operations are not in the ledger yet: wait a moment", [])]);
        }

        var set = await StockStore.ReadSkusAsync(session, inverse.Skus, ct).ConfigureAwait(false);
        return (inverse, await WordsAsync(session, stored, FactsTakeBack.Blocks(deltas, set.FindSku), ct).ConfigureAwait(false));
    }

    private static async Task<(BulkChange, IReadOnlyList<UndoBlockView>)> OfPoliciesAsync(
        StorageSession session, StoredChange stored, SkuPoliciesChange change, CancellationToken ct)
    {
        var now = (await ChangeApplication.PoliciesAsync(session, change.Skus, ct).ConfigureAwait(false)).ToDictionary(i => i.Sku);
        var before = stored.Before is SkuPoliciesChange was ? was.Items.ToDictionary(i => i.Sku) : [];
        var inverse = new SkuPoliciesChange(
        [
            .. change.Items.Where(i => before.ContainsKey(i.Sku)).Select(set => new SkuPolicyItem(
                set.Sku,
                set.Mode is null ? null : before[set.Sku].Mode,
                set.SafetyBuffer is null ? null : before[set.Sku].SafetyBuffer,
                set.RiskBudget is null ? null : before[set.Sku].RiskBudget)),
        ]);
        var blocks = UndoRules.Of(change.Items.Where(i => now.ContainsKey(i.Sku)).Select(i => (i, now[i.Sku])));
        return (inverse, await WordsAsync(session, stored, blocks, ct).ConfigureAwait(false));
    }

    /// <summary>A rule is put back where it still says what the change made it say, and where nothing stands against it.</summary>
    private static async Task<(BulkChange, IReadOnlyList<UndoBlockView>)> OfRuleAsync(
        StorageSession session, StoredChange stored, RuleChange change, CancellationToken ct)
    {
        var current = await RuleRows.CurrentAsync(session, change, ct).ConfigureAwait(false);
        var inverse = stored.Before is RuleChange before ? before with { Replaces = current.Replaces } : current;
        if (!current.SaysLike(change))
        {
            return (inverse, [new UndoBlockView("", null, 0, "the rule was changed again since", [])]);
        }

        return await RuleRows.AgainstAsync(session, inverse, ct).ConfigureAwait(false) is { } against
            ? (inverse, [new UndoBlockView("", null, 0, against.Conflict, [])])
            : (inverse, []);
    }

    private static async Task<IReadOnlyList<UndoBlockView>> WordsAsync(
        StorageSession session, StoredChange stored, IReadOnlyList<UndoBlock> blocks, CancellationToken ct)
    {
        var views = new List<UndoBlockView>(blocks.Count);
        foreach (var block in blocks)
        {
            var (sku, location) = (await session.QueryAsync(
                session.Of(
                    """
                    SELECT s.code, l.code FROM skus s LEFT JOIN locations l ON l.tenant_id = s.tenant_id AND l.location_id = $3
                    WHERE s.tenant_id = $1 AND s.sku_id = $2
                    """,
                    Sql.P(block.Sku.Value), Sql.P(block.Location?.Value)),
                row => (row.GetString(0), row.Text(1)),
                ct).ConfigureAwait(false))[0];
            var orders = block.Location is null ? [] : await OrdersSinceAsync(session, stored, block, ct).ConfigureAwait(false);
            views.Add(new UndoBlockView(sku, location, block.Short, block.Reason, orders));
        }

        return views;
    }

    private static Task<List<string>> OrdersSinceAsync(StorageSession session, StoredChange stored, UndoBlock block, CancellationToken ct) =>
        session.QueryAsync(
            session.Of(
                """
                SELECT fact_key FROM ledger_entries
                WHERE tenant_id = $1 AND sku_id = $2 AND location_id = $3 AND recorded_at >= $4
                  AND ((bucket = 2 AND delta > 0) OR (bucket = 1 AND delta < 0 AND reason = 3))
                GROUP BY fact_key ORDER BY max(entry_id) DESC LIMIT $5
                """,
                Sql.P(block.Sku.Value), Sql.P(block.Location!.Value.Value), Sql.P(stored.DecidedAt ?? stored.CreatedAt), Sql.P(MostOrders)),
            row => row.GetString(0),
            ct);
}
