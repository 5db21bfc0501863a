using SyncFlow.Core.Publishing;

namespace SyncFlow.Core.Explaining;

/// <summary>One level of one push, as far as it had come.</summary>
/// <param name="Push">The push, which is also the idempotency key.</param>
/// <param name="From">What the level was compared with.</param>
/// <param name="To">What it was to be set to.</param>
/// <param name="PlannedAt">When the intent was stored.</param>
/// <param name="SentAt">When it was sent.</param>
/// <param name="Outcome">The channel's answer; null while there was none.</param>
/// <param name="Code">The channel's own code.</param>
/// <param name="AcknowledgedAt">When the channel said yes.</param>
/// <param name="VerifiedAt">When a drained reading proved it.</param>
/// <param name="Changes">How many changes of the target it carried.</param>
/// <param name="Kind">How it wrote.</param>
public sealed record PushRecord(
    Guid Push, LevelId Level, int From, int To, DateTimeOffset PlannedAt, DateTimeOffset? SentAt, ElementOutcome? Outcome,
    string? Code, DateTimeOffset? AcknowledgedAt, DateTimeOffset? VerifiedAt, int Changes, PushKind Kind = PushKind.Set)
{
    /// <summary>What it was to do, in words.</summary>
    public string Change => Kind switch
    {
        PushKind.Set => Words.Of($"from {From} to {To}"),
        PushKind.Move when To < From => Words.Of($"from {From} to {To}, {From - To} of them parked"),
        PushKind.Move => Words.Of($"from {From} to {To}, by {To - From} that were parked"),
        PushKind.Adjust => "of its parked units and its on-hand alone",
    };

    /// <summary>How far it had come, in words.</summary>
    public string Progress => Outcome switch
    {
        ElementOutcome.Acknowledged when VerifiedAt is { } at => $"acknowledged{Acknowledged}, proven by a reading at {Words.Time(at, PlannedAt)}",
        ElementOutcome.Acknowledged => $"acknowledged{Acknowledged}, not proven yet",
        ElementOutcome.Stale => "refused as stale: the level was not what it was compared with",
        ElementOutcome.NotSent => "not done: another part of the call was refused, or the call failed",
        ElementOutcome.Blocked => $"refused for a lasting reason ({Code ?? "no code"})",
        ElementOutcome.Gone => "refused: the channel no longer has the level",
        ElementOutcome.Unknown => "its answer was lost; both outcomes count until a reading after its deadline",
        null when SentAt is null => "planned, not sent yet",
        null => "sent, not answered yet",
    };

    private string Acknowledged => AcknowledgedAt is { } at ? $" {Words.Time(at, PlannedAt)}" : "";
}
