using System.Text.Json;
using SyncFlow.Core.Checks;
using SyncFlow.Core.Sources;

namespace SyncFlow.Channels.Sources;

/// <summary>
/// An event of a push call, read by itself: whatever is wrong with it, its neighbours are taken. Figures and times are read
/// as they are when a source is asked. A field that no event has is a slip of its sender's, who would miss what it said.
/// </summary>
/// <param name="Id">The id it names, if one can be read.</param>
/// <param name="Event">Null where it is refused.</param>
/// <param name="Errors">Messages by field.</param>
public sealed record PushedRow(string? Id, SourceEvent? Event, IReadOnlyDictionary<string, string[]> Errors)
{
    private static readonly HashSet<string> Known =
    [
        "id", "type", "sku", "location", "occurredAt", "sequence", "bucket", "units", "onHand", "unavailable", "open", "shipped", "reference", "system",
        "postedThrough",
    ];

    /// <summary>Reads an event.</summary>
    /// <param name="posted">Marks of the whole call; a position's own come first.</param>
    public static PushedRow Of(JsonElement row, IReadOnlyList<PostedInput>? posted)
    {
        var check = new Check();
        var fields = new RowFields(row, check);
        if (row.ValueKind != JsonValueKind.Object)
        {
            return new PushedRow(null, null, check.Fields);
        }

        foreach (var field in fields.Names.Where(name => !Known.Contains(name)))
        {
            check.That(false, field, "An event has no such field.");
        }

        var input = SourceEventInput.Of(fields, null);
        var told = input.Read(posted, check);
        return new PushedRow(input.Id, check.Holds ? told : null, check.Fields);
    }
}
