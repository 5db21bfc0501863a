using System.Globalization;
using SyncFlow.Core.Checks;
using SyncFlow.Core.Sources;

namespace SyncFlow.Channels.Sources.Mapping;

/// <summary>What a record came to.</summary>
/// <param name="Events">Its events; none where it says nothing about stock, or something is wrong.</param>
/// <param name="Errors">What is wrong, by the source's own name of the field; empty where nothing is.</param>
public sealed record MappedRecord(IReadOnlyList<SourceEvent> Events, IReadOnlyDictionary<string, string[]> Errors);

/// <summary>Which events a record stands for, by a value of its.</summary>
/// <param name="By">The value.</param>
/// <param name="Of">By value, the events; each adds to the mapping's fields or says them anew. None means that the record says nothing about stock.</param>
/// <param name="SkipOthers">Whether records with other values say nothing about stock; else they are refused.</param>
public sealed record CaseTable(
    Template By, IReadOnlyDictionary<string, IReadOnlyList<IReadOnlyDictionary<string, FieldRule>>> Of, bool SkipOthers);

/// <summary>
/// Turns records of a source, in its own words and form, into events of the Source API. A record is taken whole or not
/// at all: of a transfer neither half is booked where the other cannot be read.
/// </summary>
/// <param name="Records">Where the records of a JSON document are; see <see cref="JsonRecord.Of"/>.</param>
/// <param name="Only">Records that are meant; others are passed over.</param>
/// <param name="Skip">Records that are passed over.</param>
/// <param name="Fields">Fields of every event.</param>
/// <param name="Cases">Which events a record stands for; null for one.</param>
public sealed record SourceMapping(
    string Records, Notation Notation, IReadOnlyList<Condition> Only, IReadOnlyList<Condition> Skip, IReadOnlyDictionary<string, FieldRule> Fields,
    CaseTable? Cases)
{
    private static readonly IReadOnlyDictionary<string, string[]> NoErrors = new Dictionary<string, string[]>();

    private static readonly IReadOnlyDictionary<string, FieldRule> Nothing = new Dictionary<string, FieldRule>();

    /// <summary>Paths that a record needs; of each inner list one.</summary>
    public IEnumerable<IReadOnlyList<string>> Needed => AllTemplates().SelectMany(t => t.Needed);

    /// <summary>All paths that are looked at.</summary>
    public IEnumerable<string> Paths => AllTemplates().SelectMany(t => t.Paths).Concat(Only.Concat(Skip).Select(c => c.Field)).Distinct();

    /// <summary>Whether every event is a position.</summary>
    public bool TellsPositions => Cases is null && Fields["type"].From is { IsConstant: true } type && IsType(type, SourceEventType.Position);

    /// <summary>Whether events may say what is there, and not only what moved.</summary>
    public bool TellsStates => AllRules("type").Any(r => !r.From.IsConstant || IsType(r.From, SourceEventType.Position) || IsType(r.From, SourceEventType.Picks));

    /// <summary>Says that nothing is left of the position a record told.</summary>
    /// <param name="id">The event's id.</param>
    public MappedRecord Gone(SourceRecord record, string id, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(record);
        var check = new Check();
        string? Text(string field) => Fields.GetValueOrDefault(field)?.Text(field, record, (path, why) => check.That(false, path, why));
        var sequence = Fields.ContainsKey("sequence") && long.TryParse(Text("sequence"), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : (long?)null;
        var input = new SourceEventInput(
            id, "position", Text("sku"), Text("location"), at, sequence, null, null, 0, null, null, null, null, null, null);
        return check.Holds && input.Read(null, check) is { } gone ? new MappedRecord([gone], NoErrors) : new MappedRecord([], check.Fields);
    }

    /// <summary>The events of a record.</summary>
    public MappedRecord Read(SourceRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (!Only.All(c => c.Holds(record)) || Skip.Any(c => c.Holds(record)))
        {
            return new MappedRecord([], NoErrors);
        }

        var check = new Check();
        var parts = Parts(record, check);
        var events = new List<SourceEvent>(parts.Count);
        for (var n = 0; n < parts.Count; n++)
        {
            if (Event(record, parts[n], n, check) is { } one)
            {
                events.Add(one);
            }
        }

        return check.Holds ? new MappedRecord(events, NoErrors) : new MappedRecord([], check.Fields);
    }

    private IReadOnlyList<IReadOnlyDictionary<string, FieldRule>> Parts(SourceRecord record, Check check)
    {
        if (Cases is null)
        {
            return [Nothing];
        }

        var by = Cases.By.Text(record, path => check.That(false, path, "A value is needed to know what the record is."));
        if (by is null || Cases.Of.TryGetValue(by, out var parts) || Cases.SkipOthers)
        {
            return by is not null && Cases.Of.TryGetValue(by, out var known) ? known : [];
        }

        check.That(false, string.Join(", ", Cases.By.Paths), $"The mapping does not know '{by}'.");
        return [];
    }

    private SourceEvent? Event(SourceRecord record, IReadOnlyDictionary<string, FieldRule> part, int number, Check check)
    {
        var own = new Check();
        FieldRule? Rule(string field) => part.GetValueOrDefault(field) ?? Fields.GetValueOrDefault(field);
        string? Text(string field) => Rule(field)?.Text(field, record, (path, why) => own.That(false, path, why));
        decimal? Number(string field)
        {
            var text = Text(field);
            decimal number = 0;
            own.That(text is null || Notation.TryNumber(text, out number), Rule(field)?.Named(field) ?? field, $"{field}: '{text}' is not a number.");
            return text is null ? null : number;
        }

        long? Whole(string field) => Number(field) is not { } number ? null
            : decimal.Truncate(number) == number && number is >= 0 and < SourceVersions.Span ? (long)number
            : Refuse<long>(own, Rule(field)!.Named(field), $"{field}: a whole number from 0 is needed.");
        DateTimeOffset? Time(string field)
        {
            var text = Text(field);
            var time = default(DateTimeOffset);
            own.That(
                text is null || Notation.TryTime(text, out time), Rule(field)?.Named(field) ?? field,
                $"{field}: '{text}' is not a time in a form that the mapping names, or one that its zone never had.");
            return text is null ? null : time;
        }

        var id = Text("id");
        var input = new SourceEventInput(
            number == 0 || part.ContainsKey("id") || id is null ? id : string.Create(CultureInfo.InvariantCulture, $"{id}/{number + 1}"),
            Text("type"), Text("sku"), Text("location"), Time("occurredAt"), Whole("sequence"), Text("bucket"), Number("units"), Number("onHand"),
            Number("unavailable"), Number("open"), Number("shipped"), Text("reference"), Whole("system"), null);
        var read = own.Holds ? input.Read(null, own) : null;
        foreach (var (field, why) in own.Fields.SelectMany(f => f.Value.Select(text => (f.Key, text))))
        {
            var rule = Rule(field);
            check.That(false, rule?.Named(field) ?? field, rule is null || rule.Named(field) == field ? why : $"{field}: {why}");
        }

        return read;
    }

    private static T? Refuse<T>(Check check, string field, string why)
        where T : struct
    {
        check.That(false, field, why);
        return null;
    }

    private static bool IsType(Template from, SourceEventType type) =>
        Words.TryParse<SourceEventType>(from.Text(new RowRecord(new Dictionary<string, string?>()), _ => { }), out var named) && named == type;

    private IEnumerable<FieldRule> AllRules(string field) => Parts().Append(Fields).Where(p => p.ContainsKey(field)).Select(p => p[field]);

    private IEnumerable<IReadOnlyDictionary<string, FieldRule>> Parts() => Cases?.Of.Values.SelectMany(parts => parts) ?? [];

    private IEnumerable<Template> AllTemplates()
    {
        var rules = Parts().Append(Fields).SelectMany(p => p.Values).Select(r => r.From);
        return Cases is null ? rules : rules.Prepend(Cases.By);
    }
}
