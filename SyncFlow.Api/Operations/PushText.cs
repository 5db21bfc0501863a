using System.Globalization;
using System.Text;
using SyncFlow.Core;
using SyncFlow.Core.Explaining;
using SyncFlow.Storage.Explaining;
using PushState = SyncFlow.Storage.Publishing.PushState;
using Words = SyncFlow.Core.Explaining.Words;

namespace SyncFlow.Api.Operations;

/// <summary>A push for people who read: what it wrote, why, what the channel said, and the reading that proved it.</summary>
internal static class PushText
{
    public static string Of(GetPush.Answer answer)
    {
        var text = new StringBuilder();
        var push = answer.Push;
        Line(text, $"Push {push.Id} to {answer.Channel}, planned {push.PlannedAt:u}: {Words.Count(push.Elements, "level")}, {State(push)}");
        foreach (var element in answer.Elements)
        {
            Level(text, push, element);
        }

        return text.ToString();
    }

    private static void Level(StringBuilder text, PushView push, GetPush.Element element)
    {
        var (times, planned) = (element.Times, element.Times.PlannedAt);
        var record = new PushRecord(
            push.Id, new LevelId(element.LevelId), element.From, element.To, planned, times.SentAt, element.Outcome, element.Code,
            times.AcknowledgedAt, times.VerifiedAt, element.Changes, push.Kind);
        Line(text, $"");
        Line(text, $"- {element.Sku} at {element.Location}: {record.Change}, {record.Progress}{Shown(element)}.");
        Line(text, $"  It carried {Words.Count(element.Changes, "change")} of the target{After(element)}.");
        if (times.CauseAt is { } cause)
        {
            var received = times.ReceivedAt is { } at ? Words.Of($", received {Words.Time(at, cause)}") : "";
            var recorded = times.RecordedAt is { } known ? Words.Of($", in the ledger {Words.Time(known, cause)}") : "";
            Line(text, $"  Its oldest cause happened {cause:u}{received}{recorded}, planned {Words.Time(planned, cause)}{Took(times)}.");
        }

        foreach (var entry in element.Causes)
        {
            Line(text, $"    #{entry.EntryId}  {entry.Words}; {entry.FactKey}{Event(entry)}");
        }

        if (element.MoreCauses)
        {
            Line(text, $"    older entries of it are in the explanation of {element.Sku}");
        }
    }

    private static string State(PushView push) => push.State switch
    {
        PushState.Sent => "no answer yet",
        PushState.Settled when push.Fault is { } fault => Words.Of($"settled: the call failed ({fault})"),
        PushState.Settled => "settled",
        PushState.Unknown => Words.Of($"its answer was lost ({push.Fault ?? "no reason told"}); a reading after {push.Deadline:u} settles it"),
    };

    private static string Shown(GetPush.Element element) => element is { ProvenBy: { } shown, Times.VerifiedAt: not null }
        ? Words.Of($" that showed {shown}")
        : "";

    private static string After(GetPush.Element element) => element.Batches.Count > 0
        ? Words.Of($", after {string.Join(", ", element.Batches)}")
        : "";

    private static string Took(GetPush.Times times) => (times.MillisecondsToAcknowledged, times.MillisecondsToVerified) switch
    {
        ({ } answered, { } proven) => Words.Of($": {answered:#,0} ms to the channel's answer, {proven:#,0} ms to the proof"),
        ({ } answered, null) => Words.Of($": {answered:#,0} ms to the channel's answer"),
        _ => "",
    };

    private static string Event(GetPush.Cause cause) => cause switch
    {
        { Event: { } seen } => Words.Of($", event {seen.Id} ({seen.Topic} {seen.WebhookId}) received {seen.ReceivedAt:u}"),
        { EventId: { } id } => Words.Of($", event {id}, no longer kept"),
        _ => "",
    };

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
