namespace SyncFlow.Simulator.Protocol;

/// <summary>What a world came to.</summary>
/// <param name="Violation">What went wrong and when, or null.</param>
/// <param name="Orders">Orders accepted.</param>
/// <param name="Units">Units accepted.</param>
/// <param name="RefusedUnits">Units refused because nothing was shown.</param>
/// <param name="Oversold">Units sold that never existed.</param>
/// <param name="Unsold">Units left in stock although buyers were refused.</param>
/// <param name="Writes">Calls that wrote.</param>
/// <param name="Events">Things that happened.</param>
internal sealed record WorldReport(
    int Seed, string? Violation, int Orders, int Units, int RefusedUnits, int Oversold, int Unsold, int Writes, int Events);
