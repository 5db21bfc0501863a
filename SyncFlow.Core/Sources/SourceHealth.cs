namespace SyncFlow.Core.Sources;

/// <summary>How far a source may be trusted. The numbers are stored; they never change meaning.</summary>
public enum SourceHealth : short
{
    /// <summary>It reports as expected.</summary>
    Good = 1,

    /// <summary>It is late, numbers are missing, or much of what it tells cannot be read.</summary>
    Doubtful = 2,

    /// <summary>It has been silent for long, or it is frozen.</summary>
    Stale = 3,
}

/// <summary>What is known of a source's reports.</summary>
/// <param name="Cadence">How often it is expected.</param>
/// <param name="HeardAt">When it was last heard, by our clock; null before the first time.</param>
/// <param name="Missing">Numbers that never came, where it counts without gaps.</param>
/// <param name="ErrorRate">The part of its events that was refused lately, 0 to 1.</param>
/// <param name="Fault">Why it cannot be read, in words; null where it does not.</param>
public readonly record struct SourceSigns(
    SourceState State, TimeSpan Cadence, DateTimeOffset? HeardAt, long Missing, double ErrorRate, string? Fault = null);

/// <summary>What a source's health does: units of what it feeds are withheld from sale until it is well again.</summary>
/// <param name="BufferPercent">Part of on-hand that is withheld at its locations, in percent.</param>
/// <param name="Reason">Why, in words; null where it is good.</param>
public readonly record struct SourceVerdict(SourceHealth Health, int BufferPercent, string? Reason)
{
    /// <summary>A source is late after this many cadences.</summary>
    public const int LateAfter = 2;

    /// <summary>It is stale after this many.</summary>
    public const int StaleAfter = 8;

    /// <summary>More refused events than this part are too many.</summary>
    public const double MostErrors = 0.1;

    /// <summary>Withheld while a source is doubtful.</summary>
    public const int DoubtfulPercent = 5;

    /// <summary>Withheld while it is stale.</summary>
    public const int StalePercent = 20;

    /// <summary>Judges a source. One that was never heard has told nothing that could be doubted.</summary>
    public static SourceVerdict Of(SourceSigns signs, DateTimeOffset now)
    {
        if (signs.State == SourceState.Frozen)
        {
            return new(SourceHealth.Stale, StalePercent, "it is frozen");
        }

        var silent = signs.HeardAt is { } heard ? now - heard : TimeSpan.Zero;
        return silent > signs.Cadence * StaleAfter ? new(SourceHealth.Stale, StalePercent, $"it was last heard at {signs.HeardAt:u}")
            : silent > signs.Cadence * LateAfter ? new(SourceHealth.Doubtful, DoubtfulPercent, $"it is late: last heard at {signs.HeardAt:u}")
            : signs.Fault is { } fault ? new(SourceHealth.Doubtful, DoubtfulPercent, fault)
            : signs.Missing > 0 ? new(SourceHealth.Doubtful, DoubtfulPercent, $"{signs.Missing} of its numbers never came")
            : signs.ErrorRate > MostErrors ? new(SourceHealth.Doubtful, DoubtfulPercent, FormattableString.Invariant($"{signs.ErrorRate:P0} of its events are refused"))
            : new(SourceHealth.Good, 0, null);
    }
}
