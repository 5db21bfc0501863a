using System.Data.Common;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Operations;
using SyncFlow.Storage.Front;

namespace SyncFlow.Storage.Operations;

/// <summary>Where an operation stands.</summary>
public enum OperationState
{
    /// <summary>Stored; not in the ledger yet.</summary>
    Accepted,

    /// <summary>In the ledger.</summary>
    Applied,

    /// <summary>It could not be booked, or it is a dead letter; nothing changed.</summary>
    Refused,
}

/// <summary>An operation to be taken in.</summary>
/// <param name="Key">Unique over all time; the fact's key.</param>
/// <param name="Units">Above zero; for an adjustment the difference, for a count what was counted.</param>
/// <param name="OtherLocationId">The other end of a transfer.</param>
/// <param name="TimeGiven">Whether the caller named the time: a repeat must then name the same.</param>
public sealed record OperationDraft(
    string Key, OperationKind Kind, long SkuId, long LocationId, int Units, DateTimeOffset OccurredAt, bool TimeGiven,
    StockCondition? From = null, StockCondition? To = null, string? Reason = null, string? Document = null, string? Note = null,
    long? OtherLocationId = null);

/// <summary>A draft with the inbox event that carries it.</summary>
/// <param name="Content">One of <see cref="OperationContents"/>.</param>
public sealed record PreparedOperation(OperationDraft Draft, string Content, byte[] Body);

/// <summary>What became of a draft.</summary>
/// <param name="OperationId">The operation's id.</param>
/// <param name="IsNew">False where the same operation was taken in before.</param>
/// <param name="Conflicts">The key was used for another operation: nothing was taken in.</param>
/// <param name="ChangeId">The bulk change that waits for a decision and that it belongs to; null where it belongs to none.</param>
public sealed record TakenIn(long OperationId, bool IsNew, bool Conflicts, long? ChangeId = null);

/// <summary>What the breaker says of operations that are taken in by and by.</summary>
/// <param name="Trip">Why what they raise is too much to be raised at once; null where it is not.</param>
/// <param name="ChangeId">The bulk change that holds it; null where nothing is held.</param>
public sealed record JudgedFacts(string? Trip, long? ChangeId);

/// <summary>An operation as people see it.</summary>
/// <param name="State">Where it stands.</param>
/// <param name="AppliedAt">When it entered the ledger.</param>
/// <param name="Refusal">Why it was refused, in words.</param>
/// <param name="Entries">Its ledger entries; for a count also those by which late facts corrected it.</param>
public sealed record OperationView(
    long Id, string Key, OperationKind Kind, OperationState State, string? Document, string Sku, string Location, string? OtherLocation,
    int Units, StockCondition? From, StockCondition? To, string? Reason, string? Note, string Actor, DateTimeOffset OccurredAt,
    DateTimeOffset AcceptedAt, DateTimeOffset? AppliedAt, string? Refusal, IReadOnlyList<OperationEntry> Entries);

/// <summary>A ledger entry of an operation.</summary>
public sealed record OperationEntry(
    long EntryId, string Location, Bucket Bucket, int Delta, EntryReason Reason, DateTimeOffset OccurredAt, DateTimeOffset RecordedAt);

/// <summary>Which operations are asked for; what is null does not narrow.</summary>
/// <param name="Since">Occurred then or later.</param>
/// <param name="Until">Occurred earlier than this.</param>
public sealed record OperationFilter(
    string? Document = null, OperationKind? Kind = null, long? SkuId = null, long? LocationId = null, string? Key = null,
    DateTimeOffset? Since = null, DateTimeOffset? Until = null);

/// <summary>How rows become <see cref="OperationView"/>s.</summary>
internal static class OperationRows
{
    public const string Columns =
        """
        o.operation_id, o.operation_key, o.kind, o.document, s.code, l.code, t.code, o.units, o.from_condition, o.to_condition,
        o.reason_code, o.note, o.actor, o.occurred_at, o.accepted_at, m.recorded_at, i.state, i.outcome, i.error
        """;

    /// <summary>The joins for rows <c>o</c> of <c>stock_operations</c>.</summary>
    public const string Joins =
        """
        JOIN skus s ON s.tenant_id = o.tenant_id AND s.sku_id = o.sku_id
        JOIN locations l ON l.tenant_id = o.tenant_id AND l.location_id = o.location_id
        LEFT JOIN locations t ON t.tenant_id = o.tenant_id AND t.location_id = o.other_location_id
        LEFT JOIN movement_keys m ON m.tenant_id = o.tenant_id AND m.movement_key = o.operation_key
        LEFT JOIN inbox i ON i.tenant_id = o.tenant_id AND i.connection_id IS NULL AND i.webhook_id = o.operation_key
          AND i.received_day = (o.accepted_at AT TIME ZONE 'UTC')::date
        """;

    public static OperationView Read(DbDataReader row)
    {
        var (state, refusal) = StateOf(row);
        return new OperationView(
            row.GetInt64(0), row.GetString(1), (OperationKind)row.GetInt16(2), state, row.Text(3), row.GetString(4), row.GetString(5),
            row.Text(6), row.GetInt32(7), Condition(row, 8), Condition(row, 9), row.Text(10), row.Text(11), row.GetString(12),
            row.Time(13), row.Time(14), row.TimeOrNull(15), refusal, []);
    }

    /// <summary>Movement keys say what the ledger has; the inbox says why it has not, as long as it keeps the event.</summary>
    private static (OperationState State, string? Refusal) StateOf(DbDataReader row)
    {
        if (!row.IsDBNull(15))
        {
            return (OperationState.Applied, null);
        }

        return row.IsDBNull(16) ? (OperationState.Refused, "The event that carried it is gone.") : row.GetInt16(16) switch
        {
            0 => (OperationState.Accepted, null),
            1 => (OperationState.Refused, Words(row.IsDBNull(17) ? null : (FactOutcome)row.GetInt16(17))),
            _ => (OperationState.Refused, row.Text(18)),
        };
    }

    private static string Words(FactOutcome? outcome) => outcome switch
    {
        FactOutcome.Refused =>
            "It takes more units from a condition than lie in it, a sum would leave the range of numbers, or a count is as of a time before the channel's on-hand opened the location.",
        FactOutcome.NotTheAuthority =>
            "Another system is the authority for on-hand of this SKU here: the incident not-the-authority names the rule (authority-rules).",
        FactOutcome.Unmapped => "There is no such SKU any more.",
        _ => "It changed nothing.",
    };

    private static StockCondition? Condition(DbDataReader row, int column) =>
        row.IsDBNull(column) ? null : (StockCondition)row.GetInt16(column);
}
