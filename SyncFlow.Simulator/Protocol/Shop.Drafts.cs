namespace SyncFlow.Simulator.Protocol;

/// <summary>A draft that holds units; where, a merchant may change.</summary>
internal sealed class ShopDraft(int item, int units, int location)
{
    public int Item { get; } = item;
    public int Units { get; } = units;
    public int Location { get; set; } = location;
}

/// <content>Drafts of orders that hold units: they are neither available nor committed while they do.</content>
internal sealed partial class Shop
{
    private readonly int[,] _reserved = new int[items, locations];
    private readonly List<ShopDraft> _drafts = [];

    /// <summary>Units that drafts hold on a level.</summary>
    public int Reserved(int item, int location) => _reserved[item, location];

    /// <summary>A draft that holds units from now on; null where too few are shown.</summary>
    public ShopDraft? Draft(int item, int units)
    {
        var from = Fullest(item);
        if (!MayAdd(item, from, units) || _available[item, from] < units)
        {
            return null;
        }

        var draft = new ShopDraft(item, units, from);
        _drafts.Add(draft);
        _reserved[item, from] += units;
        Move(item, from, -units);
        return draft;
    }

    /// <summary>A draft is given up: what it held is on sale again, and no message says why.</summary>
    public void GiveUp(ShopDraft draft)
    {
        _drafts.Remove(draft);
        _reserved[draft.Item, draft.Location] -= draft.Units;
        PutBack?.Invoke(draft.Item, draft.Location, draft.Units);
        Move(draft.Item, draft.Location, draft.Units);
    }

    /// <summary>What a draft held is an order's now. What is available does not change, and only the order tells of it.</summary>
    public void Complete(ShopDraft draft)
    {
        var (item, units, location) = (draft.Item, draft.Units, draft.Location);
        var order = NewOrder(TimeSpan.Zero, past: 0, claims: true, wasDraft: true);
        order.Add(item, units, location, locations, counted: true);
        _drafts.Remove(draft);
        _reserved[item, location] -= units;
        _committed[item, location] += units;
        _taken[item, location] += units;
        _sold[item] += units;
        OrderChanged?.Invoke(order);
    }
}
