namespace SyncFlow.Core.Brakes;

/// <summary>What a bulk change does to one level: its target without the change, and with it.</summary>
public sealed record LevelEffect(SkuId Sku, LevelId Level, ConnectionId Connection, int Before, int After)
{
    /// <summary>Whether a level that would show units shows none by it.</summary>
    public bool Zeroes => Before > 0 && After <= 0;

    /// <summary>Whether another effect is on the same level, in the same direction, and empties it or not as this does.</summary>
    public bool IsLike(LevelEffect other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Level == other.Level && (After > Before) == (other.After > other.Before) && Zeroes == other.Zeroes;
    }
}
