using System.Collections.Immutable;

namespace SyncFlow.Core.Sources;

/// <summary>What a source was last known to have of a SKU at one of its places.</summary>
/// <param name="Location">Ours, as the place was mapped when it was last reported.</param>
public sealed record ReportedPosition(SkuId Sku, ConnectionId From, string Place, LocationId Location)
{
    /// <summary>Movements kept after a position; a position that is older than more of them than these changes nothing.</summary>
    private const int MostMoves = 32;

    /// <summary>Whether a position was reported; until then only movements are known.</summary>
    public bool Known { get; init; }

    /// <summary>Units: as last reported, and moved since.</summary>
    public int OnHand { get; init; }

    /// <summary>Units not for sale, as last reported.</summary>
    public int Unavailable { get; init; }

    /// <summary>The version of the position last applied.</summary>
    public long Version { get; init; } = long.MinValue;

    /// <summary>The fact that told the position last applied; null where there is none, or it is not known any more.</summary>
    public string? FactKey { get; init; }

    /// <summary>The highest version of a movement that is no longer among <see cref="Moves"/>: what is older than it cannot be set right.</summary>
    public long MovedVersion { get; init; } = long.MinValue;

    /// <summary>Movements after the position last applied: one that comes late, or was slower on its way, is set right by them.</summary>
    public ImmutableArray<PositionMove> Moves { get; init; } = [];

    /// <summary>Up to where other systems' transactions are contained.</summary>
    public ImmutableArray<PostedMark> Marks { get; init; } = [];

    /// <summary>Whether a movement of this version is contained in the position already.</summary>
    public bool Contains(long version) => Known && version <= Version;

    /// <summary>Whether a transaction of another system is contained.</summary>
    public bool Contains(ConnectionId system, long version) => Marks.Any(m => m.System == system && version <= m.Through);

    /// <summary>With units that moved at a version of the source's own.</summary>
    internal ReportedPosition WithMove(long version, int units)
    {
        var moves = (Moves.IsDefault ? [] : Moves).Add(new PositionMove(version, units));
        if (moves.Length > MostMoves)
        {
            var oldest = moves.MinBy(m => m.Version);
            return this with { OnHand = checked(OnHand + units), Moves = moves.Remove(oldest), MovedVersion = Math.Max(MovedVersion, oldest.Version) };
        }

        return this with { OnHand = checked(OnHand + units), Moves = moves };
    }

    /// <summary>As a position of a version says, and as units moved after it.</summary>
    internal ReportedPosition At(long version, int onHand)
    {
        var after = (Moves.IsDefault ? [] : Moves).RemoveAll(m => m.Version <= version);
        return this with { Known = true, OnHand = checked(onHand + after.Sum(m => m.Units)), Version = version, Moves = after };
    }

    /// <summary>With newer marks; a mark never goes back.</summary>
    internal ReportedPosition WithMarks(ImmutableArray<PostedMark> marks) => marks.IsDefaultOrEmpty
        ? this
        : this with
        {
            Marks = [.. Marks.Concat(marks).GroupBy(m => m.System).Select(g => new PostedMark(g.Key, g.Max(m => m.Through))).OrderBy(m => m.System.Value)],
        };
}

/// <summary>Units that moved at a place, and where in its source's own order.</summary>
public readonly record struct PositionMove(long Version, int Units);
