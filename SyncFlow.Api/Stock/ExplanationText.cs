using System.Globalization;
using System.Text;

namespace SyncFlow.Api.Stock;

/// <summary>An explanation in words, for a terminal.</summary>
internal static class ExplanationText
{
    public static string Of(ExplainStock.Explanation answer)
    {
        var text = new StringBuilder();
        Line(text, $"{answer.Sku}, {(answer.At is { } at ? $"as known at {at:u}" : "now")}");
        foreach (var place in answer.Sums.GroupBy(sum => sum.Location))
        {
            Line(text, $"");
            Line(text, $"{place.Key}");
            foreach (var sum in place)
            {
                Line(text, $"  {sum.Bucket,-16}{sum.Sum,8}   from {sum.Entries} entries");
            }
        }

        Section(text, "Ledger entries", answer.Entries.Count);
        if (answer.EntriesLeftOut > 0)
        {
            Line(text, $"  ({answer.EntriesLeftOut} older entries are in the sums and not listed)");
        }

        foreach (var entry in answer.Entries)
        {
            Line(text, $"  {entry.RecordedAt:u}  #{entry.Id}  {entry.Location}  {entry.Bucket} {entry.Delta:+0;-0} -> {entry.Sum}  {entry.Reason}  {entry.FactKey}  (event {Dash(entry.InboxEventId)})");
        }

        Section(text, "Levels", answer.Levels.Count);
        foreach (var level in answer.Levels)
        {
            Line(text, $"  {level.At:u}  {level.Channel} / {level.Location}: belief {Dash(level.Belief)}, target {Dash(level.Target)}, observed {Dash(level.Observed)}, suspense {level.Suspense}, surplus {level.Surplus}, unverified {level.Unverified}, in flight {Dash(level.InFlight)}  because {level.Cause}");
        }

        Section(text, "Pushes", answer.Pushes.Count);
        foreach (var push in answer.Pushes)
        {
            Line(text, $"  {push.PlannedAt:u}  {push.Channel} / {push.Location}: {push.From} -> {push.To}, {push.Outcome?.ToString() ?? "no answer yet"}{(push.VerifiedAt is { } seen ? $", verified {seen:u}" : "")}  ({push.PushId})");
        }

        return text.ToString();
    }

    private static void Section(StringBuilder text, string title, int count)
    {
        Line(text, $"");
        Line(text, $"{title}: {count}");
    }

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static string Dash(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "-";
}
