namespace SyncFlow.Simulator.Protocol;

/// <content>A location that is closed with another named, where everything of it goes.</content>
internal sealed partial class Shop
{
    /// <summary>
    /// Told of units of an item that come to a level from another one, before they are there: from, to, how many, how many that drafts
    /// hold went along, and how many of open orders.
    /// </summary>
    public event Action<int, int, int, int, int, int>? UnitsMoving;

    /// <summary>
    /// A merchant closes a location and names another: open orders and drafts are there now, and so is what was on its levels. Not
    /// while it shows less than nothing of anything, nor with an order there of which its messages would not tell what moved: units
    /// of it were refunded without restock.
    /// </summary>
    /// <returns>Whether it was done.</returns>
    public bool CloseInto(int location, int destination)
    {
        if (_closed[location] || _closed[destination] || location == destination
            || Enumerable.Range(0, items).Any(i => _available[i, location] < 0)
            || _orders.Values.Any(o => o.Lines.Any(l => l.OpenAt(location) > 0 && l.Has(RefundWord.None))))
        {
            return false;
        }

        var taken = Enumerable.Range(0, items).Select(i => _taken[i, destination]).ToArray();
        foreach (var order in _orders.Values.Where(o => o.Lines.Any(l => l.OpenAt(location) > 0)))
        {
            MoveOpen(order, location, destination);
        }

        var held = new int[items];
        foreach (var draft in _drafts.Where(d => d.Location == location))
        {
            held[draft.Item] += draft.Units;
            draft.Location = destination;
            _reserved[draft.Item, location] -= draft.Units;
            _reserved[draft.Item, destination] += draft.Units;
        }

        for (var item = 0; item < items; item++)
        {
            var units = _available[item, location];
            var ordered = _taken[item, destination] - taken[item];
            if (units + ordered + held[item] == 0)
            {
                continue;
            }

            UnitsMoving?.Invoke(item, location, destination, units, held[item], ordered);
            if (units != 0)
            {
                Move(item, location, -units);
                Move(item, destination, units);
            }
        }

        Close(location, closed: true);
        return true;
    }

    private void MoveOpen(ShopOrder order, int location, int destination)
    {
        Note(order);
        foreach (var line in order.Lines)
        {
            var units = line.OpenAt(location);
            if (units > 0)
            {
                line.Move(location, destination, units);
            }

            if (units > 0 && line.Counted)
            {
                _committed[line.Item, location] -= units;
                _committed[line.Item, destination] += units;
                _taken[line.Item, location] -= units;
                _taken[line.Item, destination] += units;
                _movedOrders[line.Item] += units;
            }
        }

        OrderTouched?.Invoke(order);
    }
}
