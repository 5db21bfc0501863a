using System.Text.Json;
using System.Text.Json.Serialization;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;

namespace SyncFlow.Storage.Sources;

/// <summary>Events handed over together.</summary>
/// <param name="Watermark">The source's own word on how far it has got; null where it says none.</param>
public sealed record SourceBatch(long? Watermark, IReadOnlyList<SourceEvent> Events)
{
    /// <summary>What was told beside them and could not be read.</summary>
    public int Unreadable { get; init; }

    /// <summary>Events in one batch.</summary>
    public const int MostEvents = 1_000;
}

/// <summary>What became of an event when it was handed over.</summary>
public enum SourceOutcome
{
    /// <summary>Stored; it is booked in a moment.</summary>
    Accepted,

    /// <summary>Told before: nothing is done again.</summary>
    Repeated,

    /// <summary>Kept until it can be booked.</summary>
    Held,

    /// <summary>Not kept.</summary>
    Refused,
}

/// <summary>What became of an event.</summary>
/// <param name="Field">What is wrong, where it was refused or held.</param>
/// <param name="Message">Why.</param>
public sealed record SourceItem(string Id, SourceOutcome Outcome, string? Field = null, string? Message = null);

/// <summary>What became of a batch.</summary>
/// <param name="State">Where the source stands after it.</param>
/// <param name="Reason">Why it is frozen.</param>
public sealed record SourceReceipt(SourceState State, string? Reason, IReadOnlyList<SourceItem> Items);

/// <summary>A mark in an event's stored body, as a version of the system's.</summary>
public sealed record MarkBody(long System, long Through);

/// <summary>An event as it stands in the inbox: what it speaks of is known, and its place in the source's order.</summary>
public sealed record SourceEventBody(
    string Key, SourceEventType Type, long SkuId, long LocationId, string Place, DateTimeOffset OccurredAt, long Version, Bucket Bucket, int Units,
    int OnHand, int? Unavailable, int Open, int Shipped, long System, string? Transaction, IReadOnlyList<MarkBody>? Marks);

/// <summary>Inbox contents of sources: the intake writes them, the worker makes facts of them.</summary>
public static class SourceContents
{
    /// <summary>A <see cref="SourceEventBody"/>.</summary>
    public const string Event = "source.event";

    /// <summary>A list of <see cref="SourceEventBody"/> of one SKU.</summary>
    public const string Events = "source.events";

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    };

    /// <summary>A body as it is stored.</summary>
    public static byte[] Write<T>(T body) => JsonSerializer.SerializeToUtf8Bytes(body, Options);

    /// <summary>An event as text, for people.</summary>
    public static string Text(SourceEvent one) => JsonSerializer.Serialize(one, Options);

    /// <summary>What a stored body says.</summary>
    /// <exception cref="JsonException">It is not one.</exception>
    public static T Read<T>(ReadOnlySpan<byte> body) =>
        JsonSerializer.Deserialize<T>(body, Options) ?? throw new JsonException("The body is null.");
}
