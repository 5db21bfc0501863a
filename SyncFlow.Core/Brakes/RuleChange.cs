using System.Collections.Immutable;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Buffers;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Brakes;

/// <summary>
/// A change of one rule that may reach many SKUs without naming them: which it reaches, and what becomes of them, follows
/// from all the rules together. So storage reads them as they would be.
/// </summary>
public abstract record RuleChange : BulkChange
{
    /// <summary>The version of the rule that it was made for; 0 where there never was one, or rules of the kind have none.</summary>
    public int Replaces { get; init; }

    /// <summary>Whether a change of the same kind about the same thing says the same.</summary>
    public abstract bool SaysLike(RuleChange other);

    /// <summary>Whether two lists of values are both missing or the same.</summary>
    protected static bool AreAlike<T>(ImmutableArray<T>? one, ImmutableArray<T>? other) =>
        one is { } a ? other is { } b && a.SequenceEqual(b) : other is null;
}

/// <inheritdoc cref="ChangeKind.AllocationPolicy"/>
/// <param name="Scope">Whose policy.</param>
/// <param name="Of">The group or SKU; 0 for the tenant.</param>
/// <param name="Mode">The mode of SKUs that have none of their own; null where a wider policy decides.</param>
/// <param name="Channels">Rules of channels; null withdraws the policy.</param>
public sealed record AllocationChange(PolicyScope Scope, long Of, SharingMode? Mode, ImmutableArray<ChannelRule>? Channels) : RuleChange
{
    public override ChangeKind Kind => ChangeKind.AllocationPolicy;

    /// <summary>The policy once it is done; null where it is withdrawn.</summary>
    public AllocationPolicy? Policy => Channels is { } rules ? new AllocationPolicy(Scope, Of, Replaces + 1, Mode, rules) : null;

    public override bool SaysLike(RuleChange other) =>
        other is AllocationChange change && AreAlike(Channels, change.Channels) && (Channels is null || Mode == change.Mode);
}

/// <inheritdoc cref="ChangeKind.BufferPolicy"/>
/// <param name="Tiers">Slowest first; null withdraws the policy.</param>
public sealed record BufferChange(ImmutableArray<BufferTier>? Tiers) : RuleChange
{
    public override ChangeKind Kind => ChangeKind.BufferPolicy;

    /// <summary>The policy once it is done; null where it is withdrawn.</summary>
    public BufferPolicy? Policy => Tiers is { } tiers ? new BufferPolicy(Replaces + 1, tiers) : null;

    public override bool SaysLike(RuleChange other) => other is BufferChange change && AreAlike(Tiers, change.Tiers);
}

/// <inheritdoc cref="ChangeKind.Kit"/>
/// <param name="Sku">The kit.</param>
/// <param name="Components">What one of it is made of; empty makes it an ordinary SKU.</param>
public sealed record KitChange(SkuId Sku, ImmutableArray<Component> Components) : RuleChange
{
    public override ChangeKind Kind => ChangeKind.Kit;

    /// <summary>A SKU after it, before it is planned.</summary>
    public SkuState On(SkuState sku)
    {
        ArgumentNullException.ThrowIfNull(sku);
        return sku.Sku == Sku ? sku with { Components = Components } : sku;
    }

    public override bool SaysLike(RuleChange other) =>
        other is KitChange change && Components.ToHashSet().SetEquals(change.Components);
}

/// <summary>The group a SKU is in; null for none.</summary>
public readonly record struct GroupMember(SkuId Sku, long? Group);

/// <inheritdoc cref="ChangeKind.Groups"/>
/// <param name="Members">Each SKU once.</param>
public sealed record GroupChange(ImmutableArray<GroupMember> Members) : RuleChange
{
    public override ChangeKind Kind => ChangeKind.Groups;

    public override bool SaysLike(RuleChange other) =>
        other is GroupChange change && Members.ToHashSet().SetEquals(change.Members);
}

/// <inheritdoc cref="ChangeKind.Location"/>
/// <param name="Location">Which.</param>
/// <param name="FulfillsOnline">Whether online orders may ship from it; null leaves it.</param>
/// <param name="Group">Locations of one group may ship for each other; null leaves it.</param>
public sealed record LocationChange(LocationId Location, bool? FulfillsOnline, int? Group) : RuleChange
{
    public override ChangeKind Kind => ChangeKind.Location;

    public override bool SaysLike(RuleChange other) =>
        other is LocationChange change && FulfillsOnline == change.FulfillsOnline && Group == change.Group;
}

/// <inheritdoc cref="ChangeKind.Authority"/>
/// <param name="Sku">The SKU it is about; null for all, or those with the prefix.</param>
/// <param name="SkuPrefix">How the codes of SKUs begin that it is about, in upper case.</param>
/// <param name="Location">The location it is about; null for all.</param>
/// <param name="Owner">The connection that owns on-hand; null for the ledger.</param>
/// <param name="Stands">False where there is no rule about this, or is to be none.</param>
public sealed record AuthorityChange(SkuId? Sku, string? SkuPrefix, LocationId? Location, ConnectionId? Owner, bool Stands) : RuleChange
{
    public override ChangeKind Kind => ChangeKind.Authority;

    public override bool SaysLike(RuleChange other) =>
        other is AuthorityChange change && Stands == change.Stands && (!Stands || Owner == change.Owner);
}
