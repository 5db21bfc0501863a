namespace SyncFlow.Storage.Inbox;

/// <summary>
/// Topics of whole orders that the worker fetched. Webhooks may be late, lost or dead, for the fetch brings what they told;
/// an order that was fetched and is not applied is known by nobody else.
/// </summary>
public static class FetchTopics
{
    /// <summary>Orders that changed.</summary>
    public const string Fetch = "fetch";

    /// <summary>Orders of before the connection.</summary>
    public const string Import = "import";
}
