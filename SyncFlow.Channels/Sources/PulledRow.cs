using System.Text.Json;
using SyncFlow.Channels.Sources.Mapping;
using SyncFlow.Core.Checks;
using SyncFlow.Core.Sources;

namespace SyncFlow.Channels.Sources;

/// <summary>A row of a page: an event, what is wrong with it, or neither where a mapping says that it tells nothing of stock.</summary>
/// <param name="Raw">As it came.</param>
/// <param name="Id">The id it names, if one can be read.</param>
/// <param name="Event">Null where it is broken, or tells nothing.</param>
/// <param name="Errors">Messages by field.</param>
public sealed record PulledRow(string Raw, string? Id, SourceEvent? Event, IReadOnlyDictionary<string, string[]> Errors)
{
    /// <summary>A row of <c>movements</c>: any event, as the push API takes it.</summary>
    public static PulledRow OfMovement(JsonElement row)
    {
        var check = new Check();
        return Of(row, SourceEventInput.Of(new RowFields(row, check), "movement"), null, check);
    }

    /// <summary>A row of <c>positions</c>.</summary>
    /// <param name="id">The event's id.</param>
    /// <param name="page">When its positions were taken, and what they contain.</param>
    public static PulledRow OfPosition(JsonElement row, string id, SourcePage page)
    {
        var check = new Check();
        var fields = new RowFields(row, check);
        var input = new SourceEventInput(
            id, "position", fields.Text("sku"), fields.Text("location"), page.AsOf, page.Sequence, null, null, fields.Number("onHand"),
            fields.Number("unavailable"), null, null, null, null, null);
        return Of(row, input, page.PostedThrough, check);
    }

    /// <summary>A row of <c>pick-tasks</c>.</summary>
    /// <param name="id">The event's id.</param>
    /// <param name="page">When the tasks were listed.</param>
    public static PulledRow OfPickTask(JsonElement row, string id, SourcePage page)
    {
        var check = new Check();
        var fields = new RowFields(row, check);
        var input = new SourceEventInput(
            id, "picks", fields.Text("sku"), fields.Text("location"), page.AsOf, page.Sequence, null, null, null, null, fields.Number("open"),
            fields.Number("shipped"), fields.Text("reference"), fields.Whole("system"), null);
        return Of(row, input, null, check);
    }

    /// <summary>A record of a page of the source's own form: a row for each of its events.</summary>
    /// <param name="told">What an event is on this page.</param>
    internal static IEnumerable<PulledRow> OfOwn(JsonRecord record, MappedRecord read, Func<SourceEvent, SourceEvent> told) => read.Events.Count == 0
        ? [new PulledRow(record.Raw, null, null, read.Errors)]
        : read.Events.Select(one => told(one)).Select(one => new PulledRow(record.Raw, one.Id, one, read.Errors));

    private static PulledRow Of(JsonElement row, SourceEventInput input, IReadOnlyList<PostedInput>? posted, Check check)
    {
        var told = input.Read(posted, check);
        return new PulledRow(row.GetRawText(), input.Id, check.Holds ? told : null, check.Fields);
    }
}
