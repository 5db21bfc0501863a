using System.Text.Json.Serialization;

namespace SyncFlow.Simulator.Worlds;

/// <summary>One inventory item at one location of one shop: Shopify's InventoryLevel.</summary>
public sealed class Level
{
    private const int StoredStates = 7;

    public long ItemId { get; init; }

    public long LocationId { get; init; }

    /// <summary>False for a pair that holds quantities without being stocked (possible from API 2026-10 on).</summary>
    public bool IsActive { get; set; } = true;

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; set; }

    /// <summary>Quantities by <see cref="StockState"/>, units; on-hand is computed.</summary>
    [JsonInclude]
    internal int[] Quantities { get; private set; } = new int[StoredStates];

    /// <summary>When each state last changed; null while it never did.</summary>
    [JsonInclude]
    internal DateTimeOffset?[] ChangedAt { get; private set; } = new DateTimeOffset?[StoredStates];

    /// <summary>Units in a state.</summary>
    public int this[StockState state] => state == StockState.OnHand ? OnHand() : Quantities[(int)state];

    /// <summary>When a state last changed; for on-hand the latest change of its parts.</summary>
    public DateTimeOffset? LastChange(StockState state)
    {
        if (state != StockState.OnHand)
        {
            return ChangedAt[(int)state];
        }

        DateTimeOffset? latest = null;
        for (var i = 0; i < StoredStates; i++)
        {
            if (StockStates.CountsOnHand((StockState)i) && ChangedAt[i] is { } at && (latest is null || at > latest))
            {
                latest = at;
            }
        }

        return latest;
    }

    internal void Add(StockState state, int delta, DateTimeOffset now)
    {
        if (state == StockState.OnHand)
        {
            throw new ArgumentOutOfRangeException(nameof(state), "on-hand is the sum of its parts");
        }

        Quantities[(int)state] = checked(Quantities[(int)state] + delta);
        ChangedAt[(int)state] = now;
        UpdatedAt = now;
    }

    private int OnHand()
    {
        var sum = 0;
        for (var i = 0; i < StoredStates; i++)
        {
            if (StockStates.CountsOnHand((StockState)i))
            {
                sum += Quantities[i];
            }
        }

        return sum;
    }
}
