namespace SyncFlow.Core.Sources;

/// <summary>How SyncFlow learns what a source knows. The numbers are stored; they never change meaning.</summary>
public enum SourceStrategy : short
{
    /// <summary>The source posts its events.</summary>
    Push = 1,

    /// <summary>SyncFlow asks the source for what is new since a watermark.</summary>
    DeltaPull = 2,

    /// <summary>The source hands over all of its positions, as a file or by API.</summary>
    FullRefresh = 3,

    /// <summary>Changes of the source's own database are read from its log.</summary>
    ChangeCapture = 4,
}

/// <summary>What puts a source's events in order. The numbers are stored; they never change meaning.</summary>
public enum SourceOrdering : short
{
    /// <summary>A number that the source counts up.</summary>
    Sequence = 1,

    /// <summary>The source's own clock.</summary>
    Time = 2,
}

/// <summary>Where a source stands. The numbers are stored; they never change meaning.</summary>
public enum SourceState : short
{
    /// <summary>What it reports is booked.</summary>
    Active = 1,

    /// <summary>Its own order went backwards: what it reports is kept and not booked until a person resumes it.</summary>
    Frozen = 2,
}

/// <summary>Why an event is kept instead of booked. The numbers are stored; they never change meaning.</summary>
public enum HeldReason : short
{
    /// <summary>Nobody said which SKU its item is.</summary>
    UnknownItem = 1,

    /// <summary>Nobody said which location its place is.</summary>
    UnknownPlace = 2,

    /// <summary>Its source is frozen.</summary>
    SourceFrozen = 3,
}
