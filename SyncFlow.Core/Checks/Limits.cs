namespace SyncFlow.Core.Checks;

/// <summary>What is too long or too many, whichever way it comes in.</summary>
public static class Limits
{
    /// <summary>Characters of a SKU code.</summary>
    public const int SkuCode = 255;

    /// <summary>More units in one operation are a slip of the keyboard.</summary>
    public const int Units = 10_000_000;
}
