namespace SyncFlow.Core.Engine;

/// <summary>What became of a fact. The numbers are stored; they never change meaning.</summary>
public enum FactOutcome : short
{
    /// <summary>It changed something.</summary>
    Applied = 1,

    /// <summary>It said nothing new.</summary>
    Unchanged = 2,

    /// <summary>A newer version was applied before.</summary>
    Older = 3,

    /// <summary>It speaks of something not mapped yet; kept and counted.</summary>
    Unmapped = 4,

    /// <summary>Not ours to act on (a test order, an unknown topic).</summary>
    Ignored = 5,

    /// <summary>It asks for what cannot be; nothing changed.</summary>
    Refused = 20,

    /// <summary>A correction of on-hand by somebody who does not own it; nothing changed.</summary>
    NotTheAuthority = 70,
}
