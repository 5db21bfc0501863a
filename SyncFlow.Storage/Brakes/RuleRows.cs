using System.Collections.Immutable;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Buffers;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Brakes;

/// <summary>Why a rule cannot be set.</summary>
/// <param name="Faults">What is wrong with it, by field; empty where something else stands against it.</param>
/// <param name="Conflict">What stands against it, in words.</param>
internal sealed record RuleObjection(ImmutableArray<PolicyFault> Faults, string Conflict);

/// <summary>Rules as they stand, and how they are set, whatever their kind.</summary>
internal static class RuleRows
{
    /// <summary>What a change would replace, in the form of a change that puts it back.</summary>
    public static async Task<RuleChange> CurrentAsync(StorageSession session, RuleChange change, CancellationToken ct) => change switch
    {
        AllocationChange rule => await PolicyDesk.CurrentAsync(session, rule.Scope, rule.Of, ct).ConfigureAwait(false),
        BufferChange => await BufferDesk.CurrentAsync(session, ct).ConfigureAwait(false),
        KitChange rule => await KitDesk.CurrentAsync(session, rule.Sku, ct).ConfigureAwait(false),
        GroupChange rule => await GroupDesk.CurrentAsync(session, rule, ct).ConfigureAwait(false),
        LocationChange rule => await SettingRows.CurrentAsync(session, rule, ct).ConfigureAwait(false),
        AuthorityChange rule => await SettingRows.CurrentAsync(session, rule, ct).ConfigureAwait(false),
        _ => throw Unknown(change),
    };

    /// <summary>What stands against a change now; null where nothing does.</summary>
    public static async Task<RuleObjection?> AgainstAsync(StorageSession session, RuleChange change, CancellationToken ct) =>
        change is KitChange kit ? await KitDesk.AgainstAsync(session, kit, ct).ConfigureAwait(false) : null;

    /// <summary>Sets a rule, as its next version.</summary>
    public static Task WriteAsync(StorageSession session, RuleChange change, string who, DateTimeOffset at, CancellationToken ct) => change switch
    {
        AllocationChange rule => PolicyDesk.WriteAsync(session, rule, who, at, ct),
        BufferChange rule => BufferDesk.WriteAsync(session, rule, who, at, ct),
        KitChange rule => KitDesk.WriteAsync(session, rule, who, at, ct),
        GroupChange rule => GroupDesk.WriteAsync(session, rule, at, ct),
        LocationChange rule => SettingRows.WriteAsync(session, rule, at, ct),
        AuthorityChange rule => SettingRows.WriteAsync(session, rule, at, ct),
        _ => throw Unknown(change),
    };

    private static ArgumentException Unknown(RuleChange change) => new($"Nobody knows how to set {change.GetType().Name}.", nameof(change));
}
