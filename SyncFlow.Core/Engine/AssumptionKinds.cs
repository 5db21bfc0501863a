namespace SyncFlow.Core.Engine;

/// <summary>Kinds of incidents that say which assumption of the protocol does not hold (docs/protocol.md).</summary>
public static class AssumptionKinds
{
    /// <summary>The channel sells more than it shows.</summary>
    public const string Uncapped = "assumption-uncapped";

    /// <summary>The channel does not count the item's stock.</summary>
    public const string Untracked = "assumption-untracked";
}
