namespace SyncFlow.Simulator.Worlds;

/// <summary>
/// The states Shopify keeps for an inventory level. <see cref="OnHand"/> is never stored: it is available + committed +
/// reserved + damaged + safety stock + quality control.
/// </summary>
public enum StockState
{
    Available,
    Committed,
    Incoming,
    Reserved,
    Damaged,
    SafetyStock,
    QualityControl,
    OnHand,
}

/// <summary>The names the Admin API uses for <see cref="StockState"/>.</summary>
public static class StockStates
{
    /// <summary>All names, in the order Shopify lists them.</summary>
    public static readonly IReadOnlyList<(string Name, StockState State)> All =
    [
        ("available", StockState.Available),
        ("committed", StockState.Committed),
        ("on_hand", StockState.OnHand),
        ("incoming", StockState.Incoming),
        ("reserved", StockState.Reserved),
        ("damaged", StockState.Damaged),
        ("safety_stock", StockState.SafetyStock),
        ("quality_control", StockState.QualityControl),
    ];

    /// <summary>The state of an API name, or null when there is none of that name.</summary>
    public static StockState? Parse(string name)
    {
        foreach (var (known, state) in All)
        {
            if (known == name)
            {
                return state;
            }
        }

        return null;
    }

    /// <summary>The API name of a state.</summary>
    public static string NameOf(StockState state)
    {
        foreach (var (name, known) in All)
        {
            if (known == state)
            {
                return name;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(state), state, "unknown stock state");
    }

    /// <summary>True for the states that count into on-hand.</summary>
    public static bool CountsOnHand(StockState state) =>
        state is not (StockState.Incoming or StockState.OnHand);
}
