using System.Globalization;
using System.Text;
using SyncFlow.Core.Ledger;
using Words = SyncFlow.Core.Explaining.Words;

namespace SyncFlow.Api.Stock;

/// <summary>An explanation for people who read: sentences first, then what they are told from.</summary>
internal static class ExplanationText
{
    public static string Of(ExplainAnswer answer)
    {
        var text = new StringBuilder();
        Line(text, $"{answer.Sku}, as recorded up to {answer.At:u}");
        Line(text, $"");
        foreach (var sentence in answer.Why)
        {
            Line(text, $"- {sentence}");
        }

        foreach (var pool in answer.Locations)
        {
            Line(text, $"");
            Line(text, $"{pool.Location}: {pool.Entries} entries");
            foreach (var bucket in Enum.GetValues<Bucket>().Where(b => b == Bucket.OnHand || pool.Buckets[b] != 0))
            {
                Line(text, $"  {bucket,-16}{pool.Buckets[bucket],8}");
            }
        }

        Entries(text, answer.Entries, answer.PushesKeptFrom);
        return text.ToString();
    }

    private static void Entries(StringBuilder text, ExplainAnswer.EntriesAnswer page, DateTimeOffset? pushesKeptFrom)
    {
        Line(text, $"");
        Line(text, $"Ledger entries, newest first: {page.Items.Count}");
        Sums(text, "after them", page.SumsAfter);
        foreach (var entry in page.Items)
        {
            Line(text, $"  {entry.RecordedAt:u}  #{entry.Id}  {entry.Words}; {entry.Delta:+0;-0} makes {entry.Sum}");
            var late = entry.RecordedAt - entry.OccurredAt >= TimeSpan.FromMinutes(1) ? Words.Of($", happened {entry.OccurredAt:u}") : "";
            Line(text, $"      {entry.FactKey}{late}{Event(entry.Trace)}");
            if (entry.RecordedAt < pushesKeptFrom)
            {
                Line(text, $"      -> pushes from before {pushesKeptFrom:u} are no longer kept");
            }

            foreach (var push in entry.Trace.Pushes)
            {
                Line(text, $"      -> {push.Channel} at {push.Location}: {push.Change}, planned {Words.Time(push.PlannedAt, entry.RecordedAt)}, {push.Progress}  ({push.PushId})");
            }
        }

        Sums(text, "before them", page.SumsBefore);
        if (page.Next is { } next)
        {
            Line(text, $"  Older entries: cursor={next}");
        }
    }

    private static void Sums(StringBuilder text, string when, IReadOnlyList<ExplainAnswer.SumsAnswer> sums)
    {
        foreach (var sum in sums)
        {
            var words = Enum.GetValues<Bucket>().Where(b => b == Bucket.OnHand || sum.Buckets[b] != 0)
                .Select(b => Words.Of($"{sum.Buckets[b]} {Words.Of(b)}"));
            Line(text, $"  {when}, {sum.Location}: {string.Join(", ", words)}");
        }
    }

    private static string Event(ExplainAnswer.TraceAnswer trace) => trace switch
    {
        { Event: { } seen } => Words.Of($", event {seen.Id} ({seen.Topic} {seen.WebhookId}) received {seen.ReceivedAt:u}"),
        { EventId: { } id } => Words.Of($", event {id}, no longer kept"),
        _ => "",
    };

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
