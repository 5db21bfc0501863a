using SyncFlow.Core.Publishing;

namespace SyncFlow.Simulator.Protocol;

/// <summary>What a write does to one level.</summary>
internal readonly record struct LevelWrite(int Sku, int Location, int From, int To, int ParkedFrom, int ParkedTo);

/// <content>Units that are on hand and not sold, as a channel keeps them: a state beside available and committed.</content>
internal sealed partial class Shop
{
    private readonly int[,] _parked = new int[items, locations];

    /// <summary>Units in the state that is not sold.</summary>
    public int Parked(int sku, int location) => _parked[sku, location];

    /// <summary>Everything that the shop says lies there.</summary>
    public int OnHand(int sku, int location) =>
        _available[sku, location] + _committed[sku, location] + _reserved[sku, location] + _parked[sku, location];

    /// <summary>A write as it arrives, of any kind: all of it or nothing.</summary>
    /// <param name="key">Its idempotency key.</param>
    public ElementOutcome[] Write(Guid key, PushKind kind, IReadOnlyList<LevelWrite> elements, bool persists)
    {
        ArgumentNullException.ThrowIfNull(elements);
        return kind == PushKind.Set
            ? Set(key, [.. elements.Select(e => (e.Sku, e.Location, e.From, e.To))], persists)
            : Once(key, () => Park(elements, persists));
    }

    /// <summary>Somebody moves units between available and the parked state; up to as many as are where they are taken from.</summary>
    /// <param name="units">Into the parked state; below zero out of it.</param>
    /// <returns>How many were moved.</returns>
    public int MoveByHand(int sku, int location, int units)
    {
        var moved = units > 0 ? Math.Clamp(_available[sku, location], 0, units) : -Math.Clamp(_parked[sku, location], 0, -units);
        if (moved != 0)
        {
            _parked[sku, location] += moved;
            Move(sku, location, -moved);
        }

        return moved;
    }

    /// <summary>Somebody counts the parked units anew: they are fewer, but not below none, or more.</summary>
    /// <returns>By how much they changed.</returns>
    public int EditParked(int sku, int location, int delta)
    {
        Version++;
        var by = Math.Max(delta, -_parked[sku, location]);
        _parked[sku, location] += by;
        return by;
    }

    private ElementOutcome[] Park(IReadOnlyList<LevelWrite> elements, bool persists)
    {
        var outcomes = elements.Select(e => _closed[e.Location] ? ElementOutcome.Gone
            : _available[e.Sku, e.Location] != e.From && e.From != e.To ? ElementOutcome.Stale
            : _parked[e.Sku, e.Location] != e.ParkedFrom ? ElementOutcome.Stale
            : e.ParkedTo < 0 ? ElementOutcome.Blocked
            : ElementOutcome.Acknowledged).ToArray();
        if (outcomes.Any(o => o != ElementOutcome.Acknowledged))
        {
            return [.. outcomes.Select(o => o == ElementOutcome.Acknowledged ? ElementOutcome.NotSent : o)];
        }

        foreach (var write in persists ? elements : [])
        {
            Version++;
            _parked[write.Sku, write.Location] = write.ParkedTo;
            if (write.To != write.From)
            {
                Move(write.Sku, write.Location, write.To - write.From);
            }
        }

        return outcomes;
    }
}
