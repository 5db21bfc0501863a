using System.Collections.Immutable;

namespace SyncFlow.Core.Sources;

/// <summary>What a source was last known to have of a SKU at one of its places.</summary>
/// <param name="Location">Ours, as the place was mapped when it was last reported.</param>
public sealed record ReportedPosition(SkuId Sku, ConnectionId From, string Place, LocationId Location)
{
    /// <summary>Whether a position was reported; until then only movements are known.</summary>
    public bool Known { get; init; }

    /// <summary>Units: as last reported, and moved since.</summary>
    public int OnHand { get; init; }

    /// <summary>Units not for sale, as last reported.</summary>
    public int Unavailable { get; init; }

    /// <summary>The version of the position last applied.</summary>
    public long Version { get; init; } = long.MinValue;

    /// <summary>The highest version of a movement applied.</summary>
    public long MovedVersion { get; init; } = long.MinValue;

    /// <summary>Up to where other systems' transactions are contained.</summary>
    public ImmutableArray<PostedMark> Marks { get; init; } = [];

    /// <summary>Whether a movement of this version is contained in the position already.</summary>
    public bool Contains(long version) => Known && version <= Version;

    /// <summary>Whether a transaction of another system is contained.</summary>
    public bool Contains(ConnectionId system, long version) => Marks.Any(m => m.System == system && version <= m.Through);

    /// <summary>With newer marks; a mark never goes back.</summary>
    internal ReportedPosition WithMarks(ImmutableArray<PostedMark> marks) => marks.IsDefaultOrEmpty
        ? this
        : this with
        {
            Marks = [.. Marks.Concat(marks).GroupBy(m => m.System).Select(g => new PostedMark(g.Key, g.Max(m => m.Through))).OrderBy(m => m.System.Value)],
        };
}
