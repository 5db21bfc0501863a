using System.Text.Json;
using SyncFlow.Core.Brakes;

namespace SyncFlow.Storage.Brakes;

/// <summary>Where a bulk change stands. The numbers are stored; they never change meaning.</summary>
public enum ChangeState : short
{
    /// <summary>The breaker holds it until somebody approves or rejects it; nothing of it is done.</summary>
    Waiting = 1,

    /// <summary>Done.</summary>
    Applied = 2,

    /// <summary>Refused by a person; nothing of it was done.</summary>
    Rejected = 3,

    /// <summary>Done, and taken back by another change.</summary>
    Undone = 4,
}

/// <summary>A bulk change.</summary>
/// <param name="Trip">Why the breaker held it; null where it did not.</param>
/// <param name="Impact">What it does per connection, as last shown.</param>
/// <param name="Sample">The first levels it changes, emptied ones first.</param>
/// <param name="Undoes">The change that this one takes back.</param>
/// <param name="UndoneBy">The change that took this one back.</param>
/// <param name="Version">Rises whenever the change, or what is shown of it, changes.</param>
/// <param name="Rule">What a change of a rule wants, and in <c>replaces</c> the version it was made for; null for other changes.</param>
public sealed record ChangeView(
    long Id, ChangeKind Kind, ChangeState State, string Why, string Who, string? Trip, IReadOnlyList<ImpactView> Impact,
    IReadOnlyList<EffectView> Sample, long? Undoes, long? UndoneBy, int Version, DateTimeOffset CreatedAt,
    DateTimeOffset? DecidedAt, string? DecidedBy, string? DecisionNote, JsonElement? Rule);

/// <summary>What a change does to a connection.</summary>
/// <param name="Levels">Its published levels.</param>
public sealed record ImpactView(long ConnectionId, int Levels, int Touched, int Zeroed);

/// <summary>What a change does to a level: its target without it, and with it.</summary>
public sealed record EffectView(long SkuId, long LevelId, long ConnectionId, int Before, int After);

/// <summary>The same, with the SKU's code.</summary>
public sealed record ShownLevel(string Sku, long LevelId, long ConnectionId, int Before, int After);

/// <summary>What became of a decision.</summary>
public enum DecisionOutcome
{
    /// <summary>Done as asked.</summary>
    Done,

    /// <summary>There is no such change.</summary>
    NoSuchChange,

    /// <summary>It is not in a state for this.</summary>
    WrongState,

    /// <summary>The caller has not seen it as it is now.</summary>
    NotAsShown,

    /// <summary>Something stands against it by now; the change keeps waiting.</summary>
    Refused,

    /// <summary>What it booked is being taken back; it is done when it is asked for again once the ledger has that.</summary>
    TakingBack,
}

/// <summary>The answer to a decision.</summary>
/// <param name="Change">As it stands now; null where there is none.</param>
/// <param name="Moved">Levels that go to other units than were shown, for facts arrived meanwhile.</param>
/// <param name="Against">What stands against it, where it is refused.</param>
public sealed record Decision(DecisionOutcome Outcome, ChangeView? Change, IReadOnlyList<EffectView> Moved, string? Against = null);

/// <summary>What taking a change back would do.</summary>
/// <param name="Change">The change that would be taken back.</param>
/// <param name="Effects">Levels that would change.</param>
/// <param name="Blocks">Why it cannot be done; empty where it can.</param>
public sealed record UndoPreview(ChangeView Change, IReadOnlyList<EffectView> Effects, IReadOnlyList<UndoBlockView> Blocks)
{
    /// <summary>Most effects that are listed.</summary>
    public const int MostEffects = 500;
}

/// <summary>Why a part of a change cannot be taken back.</summary>
/// <param name="Orders">Fact keys of orders that took units of it since, newest first, at most 20.</param>
public sealed record UndoBlockView(string Sku, string? Location, int Short, string Reason, IReadOnlyList<string> Orders);
