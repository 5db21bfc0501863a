namespace SyncFlow.Simulator.Worlds;

// Moves between states, and carrying out what was planned.
public sealed partial class Shop
{
    private sealed record PlannedChange(long ItemId, long LocationId, StockState State, int Delta, string? Document);

    private InventoryError? CheckMove(InventoryMove move, string[] path, string apiVersion)
    {
        if (InventoryRules.Target(
                this, move.ItemId, move.From.LocationId, apiVersion, [.. path, "inventoryItemId"],
                [.. path, "from", "locationId"]) is { } bad)
        {
            return bad;
        }

        if (move.From.LocationId != move.To.LocationId)
        {
            return new InventoryError(
                "DIFFERENT_LOCATIONS", path, "The quantities can't be moved between different locations.");
        }

        if (move.From.State == move.To.State)
        {
            return new InventoryError(
                "SAME_QUANTITY_NAME", path, "The quantity names for each change can't be the same.");
        }

        if (move.Quantity < 0)
        {
            return new InventoryError(
                "INVALID_QUANTITY_NEGATIVE", [.. path, "quantity"], "The quantity can't be negative.");
        }

        if (move.Quantity > InventoryRules.MaxAdjusted)
        {
            return new InventoryError(
                "INVALID_QUANTITY_TOO_HIGH", [.. path, "quantity"], "The quantity can't be higher than 2,000,000,000.");
        }

        return CheckTerminal(move, move.From, [.. path, "from"])
            ?? CheckTerminal(move, move.To, [.. path, "to"])
            ?? CheckEnough(move, path);
    }

    private InventoryError? CheckTerminal(InventoryMove move, InventoryTerminal terminal, string[] path)
    {
        if (StockStates.Parse(terminal.State) is not { } state || state is StockState.OnHand or StockState.Committed)
        {
            return new InventoryError(
                "INVALID_QUANTITY_NAME", [.. path, "name"], "The specified quantity name is invalid.");
        }

        if (InventoryRules.Document(state, terminal.LedgerDocumentUri, [.. path, "ledgerDocumentUri"]) is { } document)
        {
            return document;
        }

        return terminal.CompareWith is { } expected && expected != Current(move.ItemId, terminal.LocationId, state)
            ? InventoryRules.Stale([.. path, "changeFromQuantity"])
            : null;
    }

    private InventoryError? CheckEnough(InventoryMove move, string[] path)
    {
        var state = StockStates.Parse(move.From.State)!.Value;
        return state != StockState.Available && Current(move.ItemId, move.From.LocationId, state) < move.Quantity
            ? new InventoryError("MOVE_QUANTITIES_FAILED", path, "Internal error: the quantities can't be moved.")
            : null;
    }

    private InventoryAnswer Carry(
        List<PlannedChange> planned, string reason, string? reference, bool persist, DateTimeOffset now,
        ShopChanges changes)
    {
        var group = new AdjustmentGroup
        {
            Id = Ids.Next(IdKind.Group),
            CreatedAt = now,
            Reason = reason,
            ReferenceDocumentUri = reference,
        };
        var running = new Dictionary<(long, long, StockState), int>();
        foreach (var change in planned)
        {
            if (persist)
            {
                Apply(change, now, changes);
            }

            if (change.Delta != 0)
            {
                Note(group, change, change.State, persist, running);
                if (StockStates.CountsOnHand(change.State))
                {
                    Note(group, change, StockState.OnHand, persist, running);
                }
            }
        }

        if (group.Changes.Count == 0)
        {
            return new InventoryAnswer(null, []);
        }

        if (persist)
        {
            Keep(group);
            changes.Groups.Add(group);
        }

        return new InventoryAnswer(group, []);
    }

    private void Note(
        AdjustmentGroup group, PlannedChange change, StockState state, bool persist,
        Dictionary<(long, long, StockState), int> running)
    {
        var key = (change.ItemId, change.LocationId, state);
        var before = persist ? 0 : running.GetValueOrDefault(key, Current(change.ItemId, change.LocationId, state));
        var after = persist ? Current(change.ItemId, change.LocationId, state) : before + change.Delta;
        running[key] = after;
        group.Changes.Add(new QuantityChange(
            change.ItemId, change.LocationId, StockStates.NameOf(state), change.Delta, after, change.Document));
    }

    private void Apply(PlannedChange change, DateTimeOffset now, ShopChanges changes)
    {
        var level = Level(change.ItemId, change.LocationId);
        if (level is null)
        {
            // 2026-10: an un-stocked pair accepts a quantity and stays inactive.
            level = new Level
            {
                ItemId = change.ItemId,
                LocationId = change.LocationId,
                IsActive = false,
                CreatedAt = now,
                UpdatedAt = now,
            };
            Put(level);
            changes.Touch(level);
        }

        if (change.Delta == 0)
        {
            return;
        }

        level.Add(change.State, change.Delta, now);
        changes.Touch(level);
        if (change.State == StockState.Available)
        {
            changes.TellAvailable(level);
        }
    }

    /// <summary>inventoryActivate: stocks an item at a location; re-activating keeps the quantities of before.</summary>
    public ActivationAnswer Activate(
        long? itemId, long? locationId, int? available, int? onHand, DateTimeOffset now, ShopChanges changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var errors = new List<InventoryError>();
        if (itemId is not { } item || VariantByItem(item) is null)
        {
            errors.Add(new("", ["inventoryItemId"], "The product couldn't be stocked because it wasn't found."));
            return new ActivationAnswer(null, errors);
        }

        if (locationId is not { } location || LocationById(location) is not { IsActive: true })
        {
            errors.Add(new("", ["locationId"], "The product couldn't be stocked because the location wasn't found."));
            return new ActivationAnswer(null, errors);
        }

        var level = Level(item, location);
        if (VariantByItem(item) is { HeldByService: true } && level is not { IsActive: true })
        {
            errors.Add(new("", ["locationId"], "The product couldn't be stocked because it's stocked by a fulfillment service."));
            return new ActivationAnswer(null, errors);
        }

        if (available is not null && onHand is not null)
        {
            errors.Add(new("", ["onHand"], "Not allowed to set both available and on hand quantities."));
        }
        else if (level is { IsActive: true } && (available ?? onHand) is not null)
        {
            errors.Add(new(
                "", [available is null ? "onHand" : "available"],
                "Not allowed to set available quantity when the item is already active at the location."));
        }
        else if ((available ?? onHand) is { } given && (given < 0 || given > InventoryRules.MaxSet))
        {
            errors.Add(new("", [available is null ? "onHand" : "available"], "The quantity is out of range."));
        }

        if (errors.Count > 0)
        {
            return new ActivationAnswer(null, errors);
        }

        level = ActivateLevel(level, item, location, available, onHand, now, changes);
        return new ActivationAnswer(level, []);
    }

    private Level ActivateLevel(
        Level? level, long item, long location, int? available, int? onHand, DateTimeOffset now, ShopChanges changes)
    {
        if (level is { IsActive: true })
        {
            return level;
        }

        if (level is null)
        {
            level = new Level { ItemId = item, LocationId = location, CreatedAt = now, UpdatedAt = now };
            Put(level);
        }

        level.IsActive = true;
        level.UpdatedAt = now;
        var delta = available is { } a ? a - level[StockState.Available]
            : onHand is { } h ? h - level[StockState.OnHand] : 0;
        if (delta != 0)
        {
            level.Add(StockState.Available, delta, now);
        }

        changes.Touch(level);
        changes.Tell("inventory_levels/connect", level);
        return level;
    }

    /// <summary>inventoryDeactivate; refused while units are committed or it is the item's only location.</summary>
    public string? Deactivate(long itemId, long locationId, DateTimeOffset now, ShopChanges changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        if (Level(itemId, locationId) is not { IsActive: true } level)
        {
            return "The inventory level couldn't be found.";
        }

        if (level[StockState.Committed] > 0)
        {
            return "The product couldn't be unstocked because it has committed inventory at the location.";
        }

        if (VariantByItem(itemId)?.Levels.Count(l => l.IsActive) == 1)
        {
            return "The product couldn't be unstocked because products need to be stocked at a minimum of 1 location.";
        }

        level.IsActive = false;
        level.UpdatedAt = now;
        changes.Touch(level);
        changes.Tell("inventory_levels/disconnect", level);
        return null;
    }

    /// <summary>A merchant's edit in the admin: no comparison, no limits but the number's own.</summary>
    public void EditByHand(Level level, StockState state, int delta, DateTimeOffset now, ShopChanges changes)
    {
        ArgumentNullException.ThrowIfNull(level);
        ArgumentNullException.ThrowIfNull(changes);
        Apply(new PlannedChange(level.ItemId, level.LocationId, state, delta, null), now, changes);
    }
}
