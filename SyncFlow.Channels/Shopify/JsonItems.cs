using System.Text.Json;

namespace SyncFlow.Channels.Shopify;

/// <summary>The objects of a list, one after the other: <see cref="StrictJson.Next"/>.</summary>
internal ref struct JsonItems
{
    /// <summary>Stands before the list's next item.</summary>
    internal Utf8JsonReader Reader;

    /// <summary>Where in the body the reader's bytes begin.</summary>
    internal int Start;

    /// <summary>How deep the path was before the list.</summary>
    internal int Outside;

    internal bool Open;
}
