using System.Collections.Immutable;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Operations;
using SyncFlow.Storage.Operations;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Brakes;

/// <summary>Does a bulk change: it is done when the session commits, whole or not at all.</summary>
internal static class ChangeApplication
{
    /// <summary>The reason code of the operations of a change.</summary>
    private const string ReasonCode = "bulk-change";

    /// <summary>The fact key of one correction of a change.</summary>
    public static string KeyOf(long change, int item) => $"change:{change}:{item}";

    /// <summary>Does a change.</summary>
    /// <returns>The change that puts back what it replaced; null where the ledger says what it did.</returns>
    public static async Task<BulkChange?> ApplyAsync(
        StorageSession session, long id, BulkChange change, string who, string why, DateTimeOffset at, CancellationToken ct)
    {
        switch (change)
        {
            case AdjustmentsChange adjustments:
                await OperationDesk.TakeInAsync(session, who, [.. adjustments.Items.Select((item, i) => Prepare(id, i, item, why, at))], at, ct).ConfigureAwait(false);
                return null;
            case SkuPoliciesChange policies:
                return new SkuPoliciesChange(await SetPoliciesAsync(session, policies, at, ct).ConfigureAwait(false));
            case StockFactsChange facts:
                await FactsBrake.ReleaseAsync(session, id, facts, at, ct).ConfigureAwait(false);
                return null;
            case FactsTakenBackChange back:
                var booked = await FactsTakeBack.ReadAsync(session, back.Of, ct).ConfigureAwait(false);
                await OperationDesk.TakeInAsync(session, who, FactsTakeBack.Operations(back.Of, booked, at), at, ct).ConfigureAwait(false);
                return null;
            case RuleChange rule:
                var before = await RuleRows.CurrentAsync(session, rule, ct).ConfigureAwait(false);
                await RuleRows.WriteAsync(session, rule, who, at, ct).ConfigureAwait(false);
                return before;
            default:
                throw new ArgumentException($"Nobody knows how to do {change.GetType().Name}.", nameof(change));
        }
    }

    /// <summary>Settings as they are now, whole, for the SKUs of a change.</summary>
    public static Task<List<SkuPolicyItem>> PoliciesAsync(StorageSession session, IReadOnlyList<SkuId> skus, CancellationToken ct) => session.QueryAsync(
        session.Of(
            """
            SELECT sku_id, mode, safety_buffer, risk_budget FROM skus WHERE tenant_id = $1 AND sku_id = ANY ($2)
            ORDER BY sku_id FOR NO KEY UPDATE
            """,
            Sql.P(skus.Select(s => s.Value).ToArray())),
        row => new SkuPolicyItem(new SkuId(row.GetInt64(0)), (SharingMode)row.GetInt16(1), row.GetInt32(2), row.GetInt32(3)),
        ct);

    private static PreparedOperation Prepare(long change, int index, AdjustmentItem item, string why, DateTimeOffset at)
    {
        var key = KeyOf(change, index);
        var legs = OperationLegs.Of(OperationKind.Adjustment, item.Location, item.Delta, StockCondition.Available, StockCondition.Available);
        var draft = new OperationDraft(
            key, OperationKind.Adjustment, item.Sku.Value, item.Location.Value, item.Delta, at, TimeGiven: false, Reason: ReasonCode,
            Document: $"change-{change}", Note: why);
        var body = new OperationBody(
            key, item.Sku.Value, at, [.. legs.Select(leg => new LegBody(leg.Location.Value, leg.Bucket, leg.Delta, leg.Reason))]);
        return new PreparedOperation(draft, OperationContents.Operations, OperationContents.Write(new[] { body }));
    }

    private static async Task<ImmutableArray<SkuPolicyItem>> SetPoliciesAsync(
        StorageSession session, SkuPoliciesChange change, DateTimeOffset at, CancellationToken ct)
    {
        var before = await PoliciesAsync(session, change.Skus, ct).ConfigureAwait(false);
        var items = change.Items;
        await using var batch = session.Batch(
            session.Of(
                """
                UPDATE skus s SET mode = coalesce(d.mode, s.mode), mode_set = s.mode_set OR d.mode IS NOT NULL, safety_buffer = coalesce(d.buffer, s.safety_buffer),
                  risk_budget = coalesce(d.risk, s.risk_budget)
                FROM unnest($2::bigint[], $3::smallint[], $4::int[], $5::int[]) AS d (sku_id, mode, buffer, risk)
                WHERE s.tenant_id = $1 AND s.sku_id = d.sku_id
                """,
                Sql.Column(items, i => i.Sku.Value), Sql.Column(items, i => (short?)i.Mode), Sql.Column(items, i => i.SafetyBuffer),
                Sql.Column(items, i => i.RiskBudget)),

            // One SKU is planned alone, many by planning all: a plan of what did not change writes nothing.
            session.Of(
                """
                INSERT INTO sync_runs (tenant_id, kind, parameters, created_at)
                VALUES ($1, 'replan', CASE WHEN $2::bigint IS NULL THEN '{}' ELSE jsonb_build_object('skuId', $2) END, $3)
                """,
                Sql.P(items.Length == 1 ? items[0].Sku.Value : (long?)null), Sql.P(at)));
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        return [.. before];
    }
}
