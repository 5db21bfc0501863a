using System.Globalization;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Operations;
using SyncFlow.Storage.Operations;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Brakes;

/// <summary>
/// Takes back what corrections and counts of a change booked: a correction by its opposite, units released for sale by a move
/// back, a count by its withdrawal. What the ledger has never heard needs nothing.
/// </summary>
internal static class FactsTakeBack
{
    private const string ReasonCode = "taken-back";

    /// <summary>An operation of a change.</summary>
    /// <param name="Booked">What it changed on-hand by.</param>
    /// <param name="IsBooked">Whether the ledger has it, and it was not taken back since.</param>
    internal sealed record Fact(
        long Id, string Key, OperationKind Kind, SkuId Sku, LocationId Location, int Units, StockCondition? From, StockCondition? To,
        DateTimeOffset OccurredAt, bool IsBooked, int Booked);

    /// <summary>Operations of a change that are not in the ledger yet.</summary>
    public static async Task<int> PendingAsync(StorageSession session, long change, CancellationToken ct) => (await session.QueryAsync(
        session.Of(
            """
            SELECT count(*)::int FROM stock_operations o JOIN inbox i ON i.tenant_id = o.tenant_id AND i.connection_id IS NULL
              AND i.webhook_id = o.operation_key AND i.received_day = (o.accepted_at AT TIME ZONE 'UTC')::date
            WHERE o.tenant_id = $1 AND o.change_id = $2 AND i.state = 0
            """,
            Sql.P(change)),
        row => row.GetInt32(0),
        ct).ConfigureAwait(false))[0];

    /// <summary>The operations of a change.</summary>
    public static Task<List<Fact>> ReadAsync(StorageSession session, long change, CancellationToken ct) => session.QueryAsync(
        session.Of(
            """
            SELECT o.operation_id, o.operation_key, o.kind, o.sku_id, o.location_id, o.units, o.from_condition, o.to_condition, o.occurred_at,
              m.movement_key IS NOT NULL AND NOT coalesce(c.withdrawn, false),
              coalesce(c.variance, (
                SELECT sum(e.delta) FROM ledger_entries e
                WHERE e.tenant_id = $1 AND e.fact_key = o.operation_key AND e.reason = 10 AND e.connection_id IS NULL AND e.bucket = 1)::int, 0)
            FROM stock_operations o
            LEFT JOIN movement_keys m ON m.tenant_id = o.tenant_id AND m.movement_key = o.operation_key
            LEFT JOIN stock_counts c ON c.tenant_id = o.tenant_id AND c.count_key = o.operation_key
            WHERE o.tenant_id = $1 AND o.change_id = $2 ORDER BY o.operation_id
            """,
            Sql.P(change)),
        row => new Fact(
            row.GetInt64(0), row.GetString(1), (OperationKind)row.GetInt16(2), new SkuId(row.GetInt64(3)), new LocationId(row.GetInt64(4)),
            row.GetInt32(5), (StockCondition?)row.Nullable<short>(6), (StockCondition?)row.Nullable<short>(7), row.Moment(8), row.GetBoolean(9), row.GetInt32(10)),
        ct);

    /// <summary>What taking them back books.</summary>
    public static IEnumerable<FactDelta> Deltas(IEnumerable<Fact> facts) => facts.Where(f => f.IsBooked)
        .Select(f => f.Kind == OperationKind.Move
            ? new FactDelta(f.Sku, f.Location, Bucket.Unavailable, f.To == StockCondition.Available ? f.Units : f.From == StockCondition.Available ? -f.Units : 0)
            : new FactDelta(f.Sku, f.Location, Bucket.OnHand, -f.Booked))
        .Where(d => d.Delta != 0);

    /// <summary>Why they cannot be taken back; none where they can.</summary>
    public static IReadOnlyList<UndoBlock> Blocks(IEnumerable<FactDelta> deltas, Func<SkuId, Core.Stock.SkuState?> find) =>
        UndoRules.Of(deltas.Select(d => new AdjustmentItem(d.Sku, d.Location, d.Sellable)), find);

    /// <summary>The operations that take them back; asked for again they are the same.</summary>
    public static List<PreparedOperation> Operations(long change, IEnumerable<Fact> facts, DateTimeOffset at)
    {
        var document = string.Create(CultureInfo.InvariantCulture, $"change-{change}");
        return [.. facts.Where(f => f.IsBooked && (f.Kind != OperationKind.Adjustment || f.Booked != 0)).Select(Back)];

        PreparedOperation Back(Fact fact)
        {
            if (fact.Kind == OperationKind.Count)
            {
                return OperationEvents.OfWithdrawal(
                    new OperationDraft(
                        fact.Key + ":withdrawn", OperationKind.CountWithdrawal, fact.Sku.Value, fact.Location.Value, fact.Units, fact.OccurredAt,
                        TimeGiven: false, Document: document),
                    fact.Key);
            }

            var key = string.Create(CultureInfo.InvariantCulture, $"change:{change}:back:{fact.Id}");
            var (units, from, to) = fact.Kind == OperationKind.Move ? (fact.Units, fact.To, fact.From) : (-fact.Booked, null, null);
            var legs = OperationLegs.Of(fact.Kind, fact.Location, units, from ?? StockCondition.Available, to ?? StockCondition.Available);
            return OperationEvents.Of(
                new OperationDraft(
                    key, fact.Kind, fact.Sku.Value, fact.Location.Value, units, at, TimeGiven: false, from, to, ReasonCode, document),
                legs);
        }
    }

    /// <summary>
    /// Has the facts of a change taken back; asked for again, it does nothing more. Null once the ledger has all of that, else
    /// why not.
    /// </summary>
    public static async Task<(DecisionOutcome Outcome, string Why)?> RequestAsync(
        StorageSession session, long change, string who, DateTimeOffset at, CancellationToken ct)
    {
        if (await PendingAsync(session, change, ct).ConfigureAwait(false) is > 0 and var unbooked)
        {
            return (DecisionOutcome.TakingBack, NotBooked(unbooked));
        }

        var facts = await ReadAsync(session, change, ct).ConfigureAwait(false);
        var operations = Operations(change, facts, at);
        var keys = operations.ConvertAll(o => o.Draft.Key);
        if (operations.Count > 0 && await KnownAsync(session, keys, ct).ConfigureAwait(false) == 0)
        {
            var deltas = Deltas(facts).ToList();
            var set = await StockStore.ReadSkusAsync(session, [.. deltas.Select(d => d.Sku).Distinct()], ct).ConfigureAwait(false);
            if (Blocks(deltas, set.FindSku) is [var first, ..] blocks)
            {
                return (DecisionOutcome.Refused, $"It cannot be taken back safely at {blocks.Count} places. {first.Reason}.");
            }

            await OperationDesk.TakeInAsync(session, who, operations, at, ct).ConfigureAwait(false);
        }

        return await PendingAsync(session, keys, ct).ConfigureAwait(false) is > 0 and var pending
            ? (DecisionOutcome.TakingBack, NotBooked(pending))
            : null;
    }

    /// <summary>Why a decision has to wait a moment.</summary>
    public static string NotBooked(int operations) =>
        string.Create(CultureInfo.InvariantCulture, $"{operations} of its operations are not in the ledger yet: decide again in a moment.");

    /// <summary>How many operations with these keys are not in the ledger yet.</summary>
    private static async Task<int> PendingAsync(StorageSession session, IEnumerable<string> keys, CancellationToken ct) => (await session.QueryAsync(
        session.Of(
            "SELECT count(*)::int FROM inbox WHERE tenant_id = $1 AND connection_id IS NULL AND webhook_id = ANY ($2) AND state = 0", Sql.P(keys.ToArray())),
        row => row.GetInt32(0),
        ct).ConfigureAwait(false))[0];

    /// <summary>How many operations with these keys were taken in.</summary>
    private static async Task<int> KnownAsync(StorageSession session, IEnumerable<string> keys, CancellationToken ct) => (await session.QueryAsync(
        session.Of("SELECT count(*)::int FROM stock_operations WHERE tenant_id = $1 AND operation_key = ANY ($2)", Sql.P(keys.ToArray())),
        row => row.GetInt32(0),
        ct).ConfigureAwait(false))[0];
}
