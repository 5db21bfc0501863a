using System.Text.Json;
using SyncFlow.Core.Checks;

namespace SyncFlow.Channels.Sources.Mapping;

/// <summary>
/// Reads mappings as they are written, in JSON, and names every member that is wrong. What is not known is refused and
/// not passed over: a misspelt word would silently map nothing.
/// </summary>
public static class MappingReader
{
    private const int MostCases = 500;

    private const int MostEvents = 10;

    private static readonly string[] Fields =
    [
        "id", "type", "sku", "location", "occurredAt", "sequence", "bucket", "units", "onHand", "unavailable", "open", "shipped", "reference", "system",
    ];

    private static readonly string[] NeededFields = ["id", "type", "sku", "location", "occurredAt"];

    /// <summary>The mapping, or null where something is wrong, which is noted by its member.</summary>
    public static SourceMapping? Read(JsonElement mapping, Check check)
    {
        ArgumentNullException.ThrowIfNull(check);
        if (mapping.ValueKind != JsonValueKind.Object)
        {
            check.That(false, "mapping", "A mapping is an object.");
            return null;
        }

        Known(mapping, "", ["about", "records", "numbers", "times", "only", "skip", "fields", "cases"], check);
        var fields = Rules(mapping, "fields", check);
        var cases = Cases(mapping, check);
        foreach (var field in NeededFields.Where(f => !fields.ContainsKey(f) && !(cases?.Of.Values.SelectMany(p => p).All(p => p.ContainsKey(f)) ?? false)))
        {
            check.That(false, $"fields.{field}", "Every event needs it.");
        }

        var read = new SourceMapping(
            RecordPath(mapping, check), Notation(mapping, check), Conditions(mapping, "only", check), Conditions(mapping, "skip", check), fields, cases);
        return check.Holds ? read : null;
    }

    private static string RecordPath(JsonElement mapping, Check check)
    {
        var path = Text(mapping, "records", "records", check) ?? "";
        check.That(path.Length <= Template.Longest && path.Split("[].").All(step => path.Length == 0 || step.TrimEnd('[', ']').Length > 0), "records", "Members with dots, lists with [] behind them, for example d.results[].items[].");
        return path;
    }

    private static Notation Notation(JsonElement mapping, Check check)
    {
        var (mark, formats, zone) = (".", new List<string>(), TimeZoneInfo.Utc);
        if (Member(mapping, "numbers", JsonValueKind.Object, "numbers", check) is { } numbers)
        {
            Known(numbers, "numbers.", ["decimal"], check);
            mark = Text(numbers, "decimal", "numbers.decimal", check) ?? ".";
            check.That(mark is "." or ",", "numbers.decimal", "A point or a comma.");
        }

        if (Member(mapping, "times", JsonValueKind.Object, "times", check) is { } times)
        {
            Known(times, "times.", ["formats", "zone"], check);
            formats = Texts(times, "formats", "times.formats", check);
            check.That(formats.TrueForAll(f => f.Contains('y') && f.Contains('M') && f.Contains('d')), "times.formats", "Each has year, month and day, for example yyyyMMdd HHmmss.");
            if (Text(times, "zone", "times.zone", check) is { } name && !TimeZoneInfo.TryFindSystemTimeZoneById(name, out zone!))
            {
                check.That(false, "times.zone", "A time zone by its IANA name, for example Europe/Berlin.");
                zone = TimeZoneInfo.Utc;
            }
        }

        return new Notation(mark.Length == 1 ? mark[0] : '.', formats, zone);
    }

    private static List<Condition> Conditions(JsonElement mapping, string name, Check check)
    {
        var read = new List<Condition>();
        foreach (var (item, at) in Items(mapping, name, name, check))
        {
            if (item.ValueKind != JsonValueKind.Object)
            {
                check.That(false, at, "An object with field and in.");
                continue;
            }

            Known(item, at + ".", ["field", "in"], check);
            var (field, values) = (Text(item, "field", at + ".field", check), Texts(item, "in", at + ".in", check));
            check.That(!string.IsNullOrWhiteSpace(field), at + ".field", "A path is needed.").That(values.Count > 0, at + ".in", "One value or more.");
            read.Add(new Condition(field ?? "", values.ToHashSet(StringComparer.OrdinalIgnoreCase)));
        }

        return read;
    }

    private static CaseTable? Cases(JsonElement mapping, Check check)
    {
        if (Member(mapping, "cases", JsonValueKind.Object, "cases", check) is not { } cases)
        {
            return null;
        }

        Known(cases, "cases.", ["by", "of", "else"], check);
        var by = Rule(cases.TryGetProperty("by", out var found) ? found : default, "cases.by", check)?.From;
        var others = Text(cases, "else", "cases.else", check) ?? "refuse";
        check.That(others is "refuse" or "skip", "cases.else", "Either refuse or skip.");
        var of = new Dictionary<string, IReadOnlyList<IReadOnlyDictionary<string, FieldRule>>>(StringComparer.OrdinalIgnoreCase);
        foreach (var one in Members(Member(cases, "of", JsonValueKind.Object, "cases.of", check)))
        {
            var parts = new List<IReadOnlyDictionary<string, FieldRule>>();
            foreach (var (item, at) in Items(cases.GetProperty("of"), one.Name, $"cases.of.{one.Name}", check))
            {
                parts.Add(Rules(item, at, check, itself: true));
            }

            check.That(parts.Count <= MostEvents, $"cases.of.{one.Name}", $"At most {MostEvents} events.");
            of[one.Name] = parts;
        }

        check.That(of.Count is > 0 and <= MostCases, "cases.of", $"From 1 to {MostCases} cases.");
        return by is null ? null : new CaseTable(by, of, others == "skip");
    }

    private static Dictionary<string, FieldRule> Rules(JsonElement from, string at, Check check, bool itself = false)
    {
        var rules = new Dictionary<string, FieldRule>(StringComparer.Ordinal);
        var given = itself ? (from.ValueKind == JsonValueKind.Object ? from : (JsonElement?)null) : Member(from, at, JsonValueKind.Object, at, check);
        check.That(given is not null, at, "An object of event fields is needed.");
        foreach (var member in Members(given))
        {
            var here = $"{at}.{member.Name}";
            check.That(Array.IndexOf(Fields, member.Name) >= 0, here, "No field of an event; known: " + string.Join(", ", Fields) + ".");
            if (Rule(member.Value, here, check) is { } rule)
            {
                rules[member.Name] = rule;
            }
        }

        return rules;
    }

    private static FieldRule? Rule(JsonElement rule, string at, Check check)
    {
        if (rule.ValueKind == JsonValueKind.String)
        {
            return TemplateAt(rule.GetString()!, at, check) is { } text ? new FieldRule(text) : null;
        }

        if (rule.ValueKind != JsonValueKind.Object)
        {
            check.That(false, at, "A template such as {Plant}/{Bin?}, or an object with from, values and else.");
            return null;
        }

        Known(rule, at + ".", ["from", "values", "else"], check);
        var from = Text(rule, "from", at + ".from", check);
        check.That(from is not null, at + ".from", "A template is needed.");
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var value in Members(Member(rule, "values", JsonValueKind.Object, at + ".values", check)))
        {
            values[value.Name] = value.Value.ValueKind == JsonValueKind.String ? value.Value.GetString()! : "";
            check.That(value.Value.ValueKind == JsonValueKind.String, $"{at}.values.{value.Name}", "A text.");
        }

        check.That(values.Count > 0, at + ".values", "One value or more; without them a template alone is enough.");
        return from is not null && TemplateAt(from, at + ".from", check) is { } template
            ? new FieldRule(template, values, Text(rule, "else", at + ".else", check))
            : null;
    }

    private static Template? TemplateAt(string text, string at, Check check)
    {
        check.That(text.Length <= Template.Longest, at, $"At most {Template.Longest} characters.");
        var read = Template.Parse(text, out var error);
        check.That(error is null, at, error ?? "");
        return read;
    }

    private static void Known(JsonElement from, string at, string[] names, Check check)
    {
        foreach (var member in from.EnumerateObject().Where(m => Array.IndexOf(names, m.Name) < 0))
        {
            check.That(false, at + member.Name, "Nothing known; possible: " + string.Join(", ", names) + ".");
        }
    }

    private static JsonElement? Member(JsonElement from, string name, JsonValueKind kind, string at, Check check)
    {
        if (!from.TryGetProperty(name, out var found))
        {
            return null;
        }

        check.That(found.ValueKind == kind, at, kind == JsonValueKind.Object ? "An object." : kind == JsonValueKind.Array ? "A list." : "A text.");
        return found.ValueKind == kind ? found : null;
    }

    private static List<JsonProperty> Members(JsonElement? from) => from is { } given ? [.. given.EnumerateObject()] : [];

    private static string? Text(JsonElement from, string name, string at, Check check) => Member(from, name, JsonValueKind.String, at, check)?.GetString();

    private static IEnumerable<(JsonElement Item, string At)> Items(JsonElement from, string name, string at, Check check) =>
        Member(from, name, JsonValueKind.Array, at, check)?.EnumerateArray().Select((item, n) => (item, $"{at}[{n}]")) ?? [];

    private static List<string> Texts(JsonElement from, string name, string at, Check check)
    {
        var read = Items(from, name, at, check).ToList();
        foreach (var (_, where) in read.Where(r => r.Item.ValueKind != JsonValueKind.String))
        {
            check.That(false, where, "A text.");
        }

        return [.. read.Where(r => r.Item.ValueKind == JsonValueKind.String).Select(r => r.Item.GetString()!)];
    }
}
