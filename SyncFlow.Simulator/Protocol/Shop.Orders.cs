namespace SyncFlow.Simulator.Protocol;

/// <content>What becomes of its orders: edited, taken back in part, shipped in parts and from elsewhere.</content>
internal sealed partial class Shop
{
    /// <summary>Told of units that an order gave back to a level: which item, where, how many.</summary>
    public event Action<int, int, int>? PutBack;

    /// <summary>Told of an order that is to be read whole: what happened to it is in no message.</summary>
    public event Action<ShopOrder>? OrderTouched;

    /// <summary>A buyer's order; null when refused.</summary>
    public ShopOrder? Place(
        int sku, int units, bool claims, bool routedWhole, TimeSpan visibleAfter, string? reservation = null)
    {
        var from = Kind == ShopKind.Comparing && routedWhole ? random.Next(locations) : Fullest(sku);
        from = _closed[from] ? Fullest(sku) : from;
        var counts = claims && !_untracked[sku];
        if (_closed[from] || (counts && !_sellsOn[sku] && !Shows(sku, from, units)))
        {
            return null;
        }

        // Where a level is decided on alone, what others show covers nothing of the order.
        var covered = Kind == ShopKind.Comparing ? Shown(sku) : _available[sku, from];
        var past = reservation is not null ? 0 : counts ? units - Math.Clamp(covered, 0, units) : units;
        var order = NewOrder(visibleAfter, past, claims, reservation: reservation);
        Take(order.Add(sku, units, from, locations, counts), units, from);
        OrderChanged?.Invoke(order);
        return order;
    }

    /// <summary>An order made to try the shop out.</summary>
    public void Try(int item, int units)
    {
        var order = NewOrder(TimeSpan.Zero, past: 0, claims: true, test: true);
        order.Add(item, units, Fullest(item), locations, counted: false);
        OrderChanged?.Invoke(order);
    }

    /// <summary>What is not shipped of an order is cancelled and put back.</summary>
    public void Cancel(ShopOrder order)
    {
        order.Cancelled = true;
        Note(order);
        foreach (var line in order.Lines)
        {
            for (var location = 0; location < locations; location++)
            {
                GiveBack(order, line, RefundWord.Cancel, shipped: false, line.OpenAt(location), location);
            }
        }

        OrderChanged?.Invoke(order);
    }

    /// <summary>What is left of an order is shipped, unless it is held back.</summary>
    public void Fulfil(ShopOrder order)
    {
        if (order.OnHold)
        {
            return;
        }

        Note(order);
        foreach (var line in order.Lines)
        {
            for (var location = 0; location < locations; location++)
            {
                Leave(line, line.OpenAt(location), location);
            }
        }

        OrderChanged?.Invoke(order);
    }

    /// <summary>Some of a line is shipped.</summary>
    public void Ship(ShopOrder order, ShopLine line, int units, int location)
    {
        Note(order);
        Leave(line, units, location);
        OrderChanged?.Invoke(order);
    }

    /// <summary>Somebody edits an order: more of a line, from where most of it is. False where that is more than is shown.</summary>
    public bool Raise(ShopOrder order, ShopLine line, int units)
    {
        var from = Fullest(line.Item);
        if (!MayAdd(line.Item, from, units))
        {
            return false;
        }

        Note(order);
        line.Take(units, from);
        Take(line, units, from);
        OrderChanged?.Invoke(order);
        return true;
    }

    /// <summary>Somebody edits an order: one line more. False where that is more than is shown.</summary>
    public bool Extend(ShopOrder order, int item, int units)
    {
        var from = Fullest(item);
        if (!MayAdd(item, from, units))
        {
            return false;
        }

        Note(order);
        Take(order.Add(item, units, from, locations, counted: true), units, from);
        OrderChanged?.Invoke(order);
        return true;
    }

    /// <summary>Units of a line are refunded, or an edit takes them off it: open ones of a location, or shipped ones, which come back there.</summary>
    public void Refund(ShopOrder order, ShopLine line, RefundWord word, bool shipped, int units, int location)
    {
        Note(order);
        GiveBack(order, line, word, shipped, units, location);
        OrderChanged?.Invoke(order);
    }

    /// <summary>Open units of a line are to ship from another location: both levels follow.</summary>
    public void Reassign(ShopOrder order, ShopLine line, int from, int to, int units)
    {
        Note(order);
        line.Move(from, to, units);
        _committed[line.Item, from] -= units;
        _committed[line.Item, to] += units;
        _taken[line.Item, from] -= units;
        _taken[line.Item, to] += units;
        _movedOrders[line.Item] += units;
        PutBack?.Invoke(line.Item, from, units);
        Move(line.Item, from, units);
        Move(line.Item, to, -units);
        OrderTouched?.Invoke(order);
    }

    /// <summary>An order is held back, or no longer.</summary>
    public void Hold(ShopOrder order, bool on)
    {
        Note(order);
        order.OnHold = on;
        OrderTouched?.Invoke(order);
    }

    /// <summary>Units of an item whose orders are to ship from elsewhere than they were first booked.</summary>
    public int MovedOrders(int item) => _movedOrders[item];

    private ShopOrder NewOrder(
        TimeSpan visibleAfter, int past, bool claims, string? reservation = null, bool test = false, bool wasDraft = false)
    {
        Version++;
        var order = new ShopOrder
        {
            Id = $"{Number}-{_orders.Count + 1}",
            Claimed = claims,
            AtTill = Kind == ShopKind.Till,
            Test = test,
            WasDraft = wasDraft,
            Reservation = reservation,
            PastTheLevel = past,
            CreatedAt = agenda.Now,
            VisibleAt = agenda.Now + visibleAfter,
            UpdatedTicks = Tick(),
        };
        _orders[order.Id] = order;
        return order;
    }

    private void Note(ShopOrder order)
    {
        Version++;
        order.UpdatedTicks = Tick();
    }

    private bool MayAdd(int item, int from, int units) => !_closed[from] && !_untracked[item] && Shows(item, from, units);

    private bool Shows(int item, int from, int units) => (Kind == ShopKind.Absolute ? _available[item, from] : Shown(item)) >= units;

    private void Take(ShopLine line, int units, int location)
    {
        _sold[line.Item] += units;
        if (line.Counted)
        {
            _taken[line.Item, location] += units;
            _committed[line.Item, location] += units;
            Move(line.Item, location, -units);
        }
    }

    private void Leave(ShopLine line, int units, int location)
    {
        if (units > 0)
        {
            line.Ship(location, units, agenda.Now);
            _committed[line.Item, location] -= line.Counted ? units : 0;
        }
    }

    private void GiveBack(ShopOrder order, ShopLine line, RefundWord word, bool shipped, int units, int location)
    {
        if (units == 0)
        {
            return;
        }

        line.Refund(word, shipped, units, location);
        _committed[line.Item, location] -= line.Counted && !shipped ? units : 0;
        if (word == RefundWord.None)
        {
            return;
        }

        _sold[line.Item] -= units;
        if (order.Claimed && !_untracked[line.Item])
        {
            _taken[line.Item, location] -= units;
            _returnedUntaken[line.Item] += line.Counted ? 0 : units;
            PutBack?.Invoke(line.Item, location, units);
            Move(line.Item, location, units);
        }
        else if (order.Claimed)
        {
            NotPutBack?.Invoke(line.Item, units);
        }
    }
}
