using SyncFlow.Core.Checks;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;

namespace SyncFlow.Channels.Sources;

/// <summary>Up to where another system's transactions are contained in positions.</summary>
/// <param name="System">The connection they happened on.</param>
/// <param name="Sequence">In its own numbers; or</param>
/// <param name="Time">by its own clock.</param>
public sealed record PostedInput(long? System, long? Sequence, DateTimeOffset? Time);

/// <summary>An event as a source tells it.</summary>
/// <param name="Id">The source's own transaction id.</param>
/// <param name="Type"><c>movement</c>, <c>sale</c>, <c>position</c> or <c>picks</c>.</param>
/// <param name="Sku">The source's code of the item.</param>
/// <param name="Location">The source's code of the place.</param>
/// <param name="OccurredAt">By the source's own clock.</param>
/// <param name="Sequence">The source's own number; needed where it is ordered by sequence.</param>
/// <param name="Bucket">Of a movement: <c>onHand</c> (when left out) or <c>unavailable</c>.</param>
/// <param name="Units">Of a movement: the difference. Of a sale: units sold, below zero when brought back.</param>
/// <param name="OnHand">Of a position.</param>
/// <param name="Unavailable">Of a position: units of it that are not for sale.</param>
/// <param name="Open">Of picks: units in pick tasks now.</param>
/// <param name="Shipped">Of picks: units that left for the order so far.</param>
/// <param name="Reference">The other system's transaction: what a movement posts, a sale's receipt (its id when left out), the order of picks.</param>
/// <param name="System">The connection that <paramref name="Reference"/> is of; the source's usual one when left out.</param>
/// <param name="PostedThrough">Of a position: what of other systems it contains.</param>
public sealed record SourceEventInput(
    string? Id, string? Type, string? Sku, string? Location, DateTimeOffset? OccurredAt, long? Sequence, string? Bucket, decimal? Units,
    decimal? OnHand, decimal? Unavailable, decimal? Open, decimal? Shipped, string? Reference, long? System, IReadOnlyList<PostedInput>? PostedThrough)
{
    public const int LongestPlace = 100;

    public const int LongestId = 200;

    private const int MostMarks = 20;

    /// <summary>As a JSON object says it. What cannot be read is noted by the fields.</summary>
    /// <param name="type">What it is where it does not say so.</param>
    internal static SourceEventInput Of(RowFields fields, string? type)
    {
        var posted = fields.Posted("postedThrough");
        return new SourceEventInput(
            fields.Text("id"), fields.Text("type") ?? type, fields.Text("sku"), fields.Text("location"), fields.Time("occurredAt"), fields.Whole("sequence"),
            fields.Text("bucket"), fields.Number("units"), fields.Number("onHand"), fields.Number("unavailable"), fields.Number("open"),
            fields.Number("shipped"), fields.Text("reference"), fields.Whole("system"), posted.Count == 0 ? null : posted);
    }

    /// <summary>The event, or null where a field is refused.</summary>
    /// <param name="posted">Marks of the whole batch; a position's own come first.</param>
    public SourceEvent? Read(IReadOnlyList<PostedInput>? posted, Check check)
    {
        var known = Words.TryParse<SourceEventType>(Type, out var type);
        check.Text(Id, "id", LongestId).That(known, "type", "One of: movement, sale, position, picks.")
            .Text(Sku, "sku", Limits.SkuCode).Text(Location, "location", LongestPlace)
            .That(OccurredAt is not null || check.Names("occurredAt"), "occurredAt", "A time with its offset is needed, for example 2026-11-20T08:00:00Z.")
            .That(Sequence is null or (>= 0 and < SourceVersions.Span), "sequence", $"From 0 to {SourceVersions.Span - 1}.")
            .Optional(Reference, "reference", LongestId);
        var bucket = Bucket is null || Words.TryParse<Bucket>(Bucket, out var b) && b is Core.Ledger.Bucket.OnHand or Core.Ledger.Bucket.Unavailable
            ? Words.TryParse<Bucket>(Bucket, out var named) ? named : Core.Ledger.Bucket.OnHand
            : (Bucket?)null;
        check.That(bucket is not null, "bucket", "Either onHand or unavailable.");
        if (known)
        {
            CheckUnits(type, check);
        }

        var marks = type == SourceEventType.Position ? PostedThrough ?? posted ?? [] : [];
        CheckMarks(marks, check);
        return check.Holds ? Event(type, bucket!.Value, marks) : null;
    }

    /// <summary>Marks name a system, and a number or a time of its.</summary>
    public static void CheckMarks(IReadOnlyList<PostedInput> marks, Check check) => check
        .That(marks.Count <= MostMarks, "postedThrough", $"At most {MostMarks}.")
        .That(
            marks.All(m => m is { System: not null } && m.Sequence is null != m.Time is null && m.Sequence is null or (>= 0 and < SourceVersions.Span)),
            "postedThrough", "Each names a system, and either its sequence or its time.");

    private void CheckUnits(SourceEventType type, Check check)
    {
        Figure(Units, "units", type is SourceEventType.Movement or SourceEventType.Sale, needed: true, -Limits.Units, check);
        check.That(Units is not 0 || type is not (SourceEventType.Movement or SourceEventType.Sale), "units", "Zero moves nothing.");
        Figure(OnHand, "onHand", type == SourceEventType.Position, needed: true, -Limits.Units, check);
        Figure(Unavailable, "unavailable", type == SourceEventType.Position, needed: false, 0, check);
        Figure(Open, "open", type == SourceEventType.Picks, needed: true, 0, check);
        Figure(Shipped, "shipped", type == SourceEventType.Picks, needed: false, 0, check);
        check.That(type != SourceEventType.Picks || !string.IsNullOrWhiteSpace(Reference), "reference", "The order that is picked.")
            .That(type != SourceEventType.Position || Reference is null, "reference", "A position belongs to no transaction.")
            .That(type == SourceEventType.Position || PostedThrough is null, "postedThrough", "Only positions contain others' transactions.")
            .That(type == SourceEventType.Movement || Bucket is null, "bucket", "Only movements name a bucket.");
    }

    private static void Figure(decimal? value, string field, bool belongs, bool needed, int least, Check check) => check
        .That(belongs || value is null, field, "This type of event has no such figure.")
        .That(!belongs || !needed || value is not null || check.Names(field), field, "A number is needed.")
        .That(value is not { } number || decimal.Truncate(number) == number, field, "A whole number; units are not divided.")
        .That(value is null || (value >= least && value <= Limits.Units), field, $"From {least} to {Limits.Units}.");

    private SourceEvent Event(SourceEventType type, Bucket bucket, IReadOnlyList<PostedInput> marks) =>
        new(Id!.Trim(), type, Sku!.Trim(), Location!.Trim(), OccurredAt!.Value.ToUniversalTime(), Sequence)
        {
            Bucket = bucket,
            Units = (int)(Units ?? 0),
            OnHand = (int)(OnHand ?? 0),
            Unavailable = (int?)Unavailable,
            Open = (int)(Open ?? 0),
            Shipped = (int)(Shipped ?? 0),
            Transaction = Reference?.Trim() ?? (type == SourceEventType.Sale ? Id!.Trim() : null),
            System = System,
            PostedThrough = [.. marks.Select(m => new EventMark(m.System!.Value, m.Sequence, m.Time?.ToUniversalTime()))],
        };
}
