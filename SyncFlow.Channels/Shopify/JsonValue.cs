using System.Text.Json;

namespace SyncFlow.Channels.Shopify;

/// <summary>Where a member's value stands in a body; none when the object does not have it.</summary>
/// <param name="Kind">Its first token.</param>
/// <param name="Start">Of its first byte, quotation mark and bracket included.</param>
/// <param name="IsEscaped">Whether it is a text with escapes.</param>
internal readonly record struct JsonValue(JsonTokenType Kind, int Start, int Length, bool IsEscaped)
{
    /// <summary>Of a member whose name holds text that is not Unicode. No body has comments.</summary>
    internal static readonly JsonValue Undecodable = new(JsonTokenType.Comment, 0, 0, false);
}
