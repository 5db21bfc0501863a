namespace SyncFlow.Core.Levels;

/// <summary>What a reading said of a write whose answer was lost.</summary>
/// <param name="Doubt">Units by which the level may differ all the same, because the other outcome is possible too.</param>
/// <param name="Landed">Whether it was carried out.</param>
/// <param name="TakenOff">Units that it took off, if it was it: where it is a zero, and a level that shows nothing may have been emptied.</param>
internal readonly record struct LostAnswer(int Doubt, bool Landed, int TakenOff = 0);
