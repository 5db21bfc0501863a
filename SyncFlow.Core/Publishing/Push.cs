using System.Collections.Immutable;

namespace SyncFlow.Core.Publishing;

/// <summary>One attempt to set levels: stored whole before it is sent.</summary>
/// <param name="Id">Identity, and the idempotency key.</param>
/// <param name="Connection">To whom.</param>
/// <param name="Elements">At most <see cref="PublishLimits.LevelsPerPush"/>.</param>
/// <param name="PlannedAt">When.</param>
/// <param name="Deadline">After this moment the request can no longer arrive.</param>
public sealed record Push(
    Guid Id, ConnectionId Connection, ImmutableArray<PushElement> Elements, DateTimeOffset PlannedAt,
    DateTimeOffset Deadline)
{
    /// <summary>How its elements are written, all alike.</summary>
    public PushKind Kind { get; init; }
}

/// <summary>How a push writes. The numbers are stored; they never change meaning.</summary>
public enum PushKind : short
{
    /// <summary>Available is set, and on-hand moves with it.</summary>
    Set = 0,

    /// <summary>Units are moved between available and the parked state, both compared; on-hand stays (rule R14).</summary>
    Move = 1,

    /// <summary>The parked state is adjusted, and on-hand moves with it; available stays.</summary>
    Adjust = 2,
}

/// <summary>One level of a push: from what to what.</summary>
/// <param name="ItemRef">The channel's stock item.</param>
/// <param name="ExternalLocation">The channel's location.</param>
/// <param name="CauseAt">When its oldest cause happened, for latency figures.</param>
public sealed record PushElement(
    SkuId Sku, LevelId Level, int Generation, string ItemRef, string ExternalLocation, int From, int To,
    DateTimeOffset? CauseAt)
{
    /// <summary>What the parked state is compared with; only where the push moves or adjusts it.</summary>
    public int ParkedFrom { get; init; }

    /// <summary>What the parked state is to show then.</summary>
    public int ParkedTo { get; init; }
}

/// <summary>What a channel said of one element.</summary>
public enum ElementOutcome : short
{
    /// <summary>Done.</summary>
    Acknowledged = 1,

    /// <summary>Not done: the level was not what we compared with.</summary>
    Stale = 2,

    /// <summary>Not done, nor was anything else of the call: another element was refused, or the call failed as a whole.</summary>
    NotSent = 3,

    /// <summary>Not done, and will not be until a person acts.</summary>
    Blocked = 4,

    /// <summary>Not done: the channel no longer has the item or the location.</summary>
    Gone = 5,

    /// <summary>The answer was lost.</summary>
    Unknown = 6,
}

/// <summary>The answer for one element.</summary>
/// <param name="Code">The channel's own code, for people and figures.</param>
/// <param name="DoneBy">By when it was carried out, by the channel's own clock; null where it was not, or the channel does not say.</param>
public sealed record ElementAnswer(LevelId Level, ElementOutcome Outcome, string? Code, DateTimeOffset? DoneBy = null)
{
    /// <summary>The same answer for every element of a push.</summary>
    public static ImmutableArray<ElementAnswer> All(Push push, ElementOutcome outcome, string? code)
    {
        ArgumentNullException.ThrowIfNull(push);
        return [.. push.Elements.Select(e => new ElementAnswer(e.Level, outcome, code))];
    }
}

/// <summary>Limits of publishing.</summary>
public static class PublishLimits
{
    /// <summary>Most levels in one call (Shopify: array arguments hold at most 250 elements).</summary>
    public const int LevelsPerPush = 250;

    /// <summary>How long after sending a request may still arrive.</summary>
    public static readonly TimeSpan LateArrival = TimeSpan.FromMinutes(10);

    /// <summary>Drained readings that may show a decrease undone before a level is halted.</summary>
    public const int FailedVerifications = 3;

    /// <summary>Drained readings after which suspense becomes a drift case.</summary>
    public const int SuspenseReadings = 2;

    /// <summary>The same while as many units appeared elsewhere: a closed location may yet explain both.</summary>
    public const int SuspenseReadingsOfAMove = 5;

    /// <summary>How long a decrease stays in doubt because its level holds units of orders that are not booked on it.</summary>
    public static readonly TimeSpan ConcealedFor = TimeSpan.FromMinutes(5);
}
