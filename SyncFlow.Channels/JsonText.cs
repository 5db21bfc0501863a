using System.Text.Json;

namespace SyncFlow.Channels;

/// <summary>Texts of JSON that others wrote: an escape may be half of a surrogate pair, which is no character.</summary>
internal static class JsonText
{
    /// <summary>The text of a value that is one, or null where it cannot be decoded.</summary>
    /// <exception cref="InvalidOperationException">The value is no text.</exception>
    internal static string? Read(JsonElement value) =>
        value.ValueKind is JsonValueKind.String or JsonValueKind.Null ? Decoded(value.GetString) : throw new InvalidOperationException("A text is needed.");

    /// <summary>A member's name, or null where it cannot be decoded.</summary>
    internal static string? Name(JsonProperty member) => Decoded(() => member.Name);

    private static string? Decoded(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return null; // The one reason that is left: what is escaped is not UTF-16.
        }
    }
}
