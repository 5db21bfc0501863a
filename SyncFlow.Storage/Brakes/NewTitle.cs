namespace SyncFlow.Storage.Brakes;

/// <summary>Another title for a SKU.</summary>
/// <param name="Expected">The one that the caller read.</param>
/// <param name="Wanted">The new one.</param>
public sealed record NewTitle(string Expected, string Wanted);
