namespace SyncFlow.ServiceDefaults.Redis;

/// <summary>What a wake-up asks its hearers to look at.</summary>
public enum WakeUpKind
{
    /// <summary>Events were stored in a tenant's inbox.</summary>
    Inbox,

    /// <summary>Targets of a tenant's listing levels moved away from what is shown.</summary>
    Levels,

    /// <summary>A sync run or a work item of a tenant was asked for.</summary>
    Runs,

    /// <summary>Something a tenant's screens show has changed.</summary>
    Changes,
}
