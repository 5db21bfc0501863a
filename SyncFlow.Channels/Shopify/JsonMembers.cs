namespace SyncFlow.Channels.Shopify;

/// <summary>Room for an object's members as far as they are wanted; for a list's objects one after the other.</summary>
internal readonly ref struct JsonMembers(JsonNames names, Span<JsonValue> values)
{
    internal JsonNames Names => names;

    internal Span<JsonValue> Values { get; } = values;

    internal JsonValue this[int member] => Values[member];

    internal string Name(int member) => names[member];
}
