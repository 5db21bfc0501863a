namespace SyncFlow.Storage.Auditing;

/// <summary>Something that was done, as the audit log has it.</summary>
/// <param name="Seq">Its place in the tenant's chain, from 1.</param>
/// <param name="Actor">Who: a key's or person's name, <c>platform:</c> and a super admin's, or <c>system:</c> and a role.</param>
/// <param name="Action">What, for example <c>connections.update</c>.</param>
/// <param name="Subject">To what, for example <c>connections:5</c>.</param>
/// <param name="Origin">From where: address and program; null for the service itself.</param>
/// <param name="Before">JSON of what changed, as it was; secrets are never in it.</param>
/// <param name="After">The same as it became.</param>
/// <param name="PrevHash">The hash of the entry before it; empty for the first.</param>
/// <param name="Hash">SHA-256 of this entry, the previous hash included.</param>
public sealed record AuditEntry(
    long TenantId, long Seq, DateTimeOffset At, string Actor, string Action, string Subject, string? Origin, string? Details, string? Before,
    string? After, byte[] PrevHash, byte[] Hash);

/// <summary>How a chain is broken.</summary>
public enum AuditBreakKind
{
    /// <summary>An entry says something else than when it was written.</summary>
    Changed,

    /// <summary>Entries are gone, or stand in another order: one does not follow the one before it.</summary>
    NotLinked,

    /// <summary>A number is missing.</summary>
    Missing,

    /// <summary>The chain ends before, or behind, the noted end.</summary>
    WrongEnd,
}

/// <summary>Where a chain is broken first.</summary>
/// <param name="Seq">The place.</param>
public sealed record AuditBreak(AuditBreakKind Kind, long Seq);

/// <summary>What a check of a chain found.</summary>
/// <param name="Entries">How many were read.</param>
/// <param name="HeadSeq">The place of the last one.</param>
/// <param name="HeadHash">Its hash, hexadecimal: noted elsewhere it proves later that nothing before it was changed.</param>
/// <param name="Break">Where it is broken first; null where it is whole.</param>
public sealed record AuditCheck(long Entries, long HeadSeq, string HeadHash, AuditBreak? Break)
{
    /// <summary>Whether nothing was changed, taken out or reordered.</summary>
    public bool IsWhole => Break is null;
}
