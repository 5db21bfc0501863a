namespace SyncFlow.Core.Brakes;

/// <summary>How much a merchant has frozen, for a connection or for all of them. The numbers are stored; higher is stronger.</summary>
public enum BrakeStrength : short
{
    /// <summary>Nothing is frozen.</summary>
    None = 0,

    /// <summary>No level is raised. Decreases still flow at once (rule R1), so nothing more can be oversold.</summary>
    Increases = 1,

    /// <summary>
    /// No level is written at all. The channels go on selling what they show: their share stays set aside for them, and
    /// exposure says what could be oversold meanwhile.
    /// </summary>
    AllWrites = 2,
}
