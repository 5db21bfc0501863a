namespace SyncFlow.Storage.Inbox;

/// <summary>Which of a tenant's waiting events are claimed.</summary>
public enum InboxShare
{
    /// <summary>All, oldest first.</summary>
    All,

    /// <summary>What happens now: all but history.</summary>
    Live,

    /// <summary>What sources handed over together, by files and pulls: many facts of a SKU in one event.</summary>
    History,
}
