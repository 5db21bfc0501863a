using System.Globalization;

namespace SyncFlow.Simulator.Worlds;

// Inventory mutations: every check first over all elements, then every change; one bad element refuses the whole call.
public sealed partial class Shop
{
    /// <summary>
    /// inventorySetQuantities. A negative quantity is refused for available and for on-hand alike; a set on-hand moves
    /// available, which may go below zero when less is on hand than committed. With <paramref name="persist"/> false the
    /// answer reads like success and nothing changes.
    /// </summary>
    public InventoryAnswer SetQuantities(
        string name, string reason, string? referenceDocumentUri, IReadOnlyList<InventoryElement> elements,
        string apiVersion, bool persist, DateTimeOffset now, ShopChanges changes)
    {
        ArgumentNullException.ThrowIfNull(elements);
        ArgumentNullException.ThrowIfNull(changes);
        if (name is not ("available" or "on_hand"))
        {
            return InventoryAnswer.Refused(new InventoryError(
                "INVALID_NAME", ["input", "name"], "The specified quantity name is invalid."));
        }

        var state = StockStates.Parse(name)!.Value;
        var errors = Head(reason, referenceDocumentUri);
        var seen = new HashSet<(long, long)>();
        for (var i = 0; i < elements.Count; i++)
        {
            var element = elements[i];
            var path = PathOf("quantities", i, element.ItemId);
            if (CheckSet(element, state, path, apiVersion, seen) is { } error)
            {
                errors.Add(error);
            }
        }

        if (errors.Count > 0)
        {
            return new InventoryAnswer(null, errors);
        }

        var planned = elements
            .Select(e => new PlannedChange(
                e.ItemId!.Value, e.LocationId!.Value, StockState.Available,
                e.Quantity!.Value - Current(e.ItemId, e.LocationId, state), null))
            .ToList();
        return Carry(planned, reason, referenceDocumentUri, persist, now, changes);
    }

    /// <summary>inventoryAdjustQuantities; with <paramref name="persist"/> false as <see cref="SetQuantities"/>.</summary>
    public InventoryAnswer AdjustQuantities(
        string name, string reason, string? referenceDocumentUri, IReadOnlyList<InventoryElement> elements,
        string apiVersion, bool persist, DateTimeOffset now, ShopChanges changes)
    {
        ArgumentNullException.ThrowIfNull(elements);
        ArgumentNullException.ThrowIfNull(changes);
        if (StockStates.Parse(name) is not { } state || state is StockState.OnHand or StockState.Committed)
        {
            return InventoryAnswer.Refused(new InventoryError(
                "INVALID_QUANTITY_NAME", ["input", "name"], "The specified quantity name is invalid."));
        }

        var errors = Head(reason, referenceDocumentUri);
        for (var i = 0; i < elements.Count; i++)
        {
            var element = elements[i];
            if (CheckAdjust(element, state, PathOf("changes", i, element.ItemId), apiVersion) is { } error)
            {
                errors.Add(error);
            }
        }

        if (InventoryRules.Documents(elements.Select(e => e.LedgerDocumentUri), "MAX_ONE_LEDGER_DOCUMENT", most: 1) is { } documents)
        {
            errors.Add(documents);
        }

        if (errors.Count > 0)
        {
            return new InventoryAnswer(null, errors);
        }

        var planned = elements
            .Select(e => new PlannedChange(e.ItemId!.Value, e.LocationId!.Value, state, e.Delta!.Value, e.LedgerDocumentUri))
            .ToList();
        return Carry(planned, reason, referenceDocumentUri, persist, now, changes);
    }

    /// <summary>
    /// inventoryMoveQuantities: between two states of an item at one location; with <paramref name="persist"/> false as
    /// <see cref="SetQuantities"/>.
    /// </summary>
    public InventoryAnswer MoveQuantities(
        string reason, string? referenceDocumentUri, IReadOnlyList<InventoryMove> moves, string apiVersion,
        bool persist, DateTimeOffset now, ShopChanges changes)
    {
        ArgumentNullException.ThrowIfNull(moves);
        ArgumentNullException.ThrowIfNull(changes);
        var errors = Head(reason, referenceDocumentUri);
        var planned = new List<PlannedChange>(moves.Count * 2);
        for (var i = 0; i < moves.Count; i++)
        {
            var move = moves[i];
            if (CheckMove(move, PathOf("changes", i, move.ItemId), apiVersion) is { } error)
            {
                errors.Add(error);
                continue;
            }

            var (item, location) = (move.ItemId!.Value, move.From.LocationId!.Value);
            planned.Add(new PlannedChange(
                item, location, StockStates.Parse(move.From.State)!.Value, -move.Quantity, move.From.LedgerDocumentUri));
            planned.Add(new PlannedChange(
                item, location, StockStates.Parse(move.To.State)!.Value, move.Quantity, move.To.LedgerDocumentUri));
        }

        if (InventoryRules.Documents(
            moves.SelectMany(m => new[] { m.From.LedgerDocumentUri, m.To.LedgerDocumentUri }), "MAXIMUM_LEDGER_DOCUMENT_URIS", most: 2) is { } documents)
        {
            errors.Add(documents);
        }

        return errors.Count > 0
            ? new InventoryAnswer(null, errors)
            : Carry(planned, reason, referenceDocumentUri, persist, now, changes);
    }

    private static List<InventoryError> Head(string reason, string? referenceDocumentUri)
    {
        var errors = new List<InventoryError>();
        if (InventoryRules.Reason(reason) is { } badReason)
        {
            errors.Add(badReason);
        }

        if (InventoryRules.Reference(referenceDocumentUri) is { } badReference)
        {
            errors.Add(badReference);
        }

        return errors;
    }

    /// <summary>The error path of an element; without the index for items that are told to hide it.</summary>
    private string[] PathOf(string array, int index, long? itemId) =>
        itemId is { } id && VariantByItem(id) is { HideErrorIndex: true }
            ? ["input", array]
            : ["input", array, index.ToString(CultureInfo.InvariantCulture)];

    private int Current(long? itemId, long? locationId, StockState state) =>
        Level(itemId!.Value, locationId!.Value)?[state] ?? 0;

    private InventoryError? CheckSet(
        InventoryElement element, StockState state, string[] path, string apiVersion, HashSet<(long, long)> seen)
    {
        if (InventoryRules.Target(
                this, element.ItemId, element.LocationId, apiVersion, [.. path, "inventoryItemId"],
                [.. path, "locationId"]) is { } bad)
        {
            return bad;
        }

        if (!seen.Add((element.ItemId!.Value, element.LocationId!.Value)))
        {
            return new InventoryError(
                "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", path,
                "The combination of inventoryItemId and locationId must be unique.");
        }

        if (element.Quantity > InventoryRules.MaxSet)
        {
            return new InventoryError(
                "INVALID_QUANTITY_TOO_HIGH", [.. path, "quantity"],
                "The quantity can't be higher than 1,000,000,000.");
        }

        if (element.Quantity < -InventoryRules.MaxSet)
        {
            return new InventoryError(
                "INVALID_QUANTITY_TOO_LOW", [.. path, "quantity"], "The quantity can't be lower than -1,000,000,000.");
        }

        if (element.Quantity < 0)
        {
            return new InventoryError(
                "INVALID_QUANTITY_NEGATIVE", [.. path, "quantity"], "The quantity can't be negative.");
        }

        return element.CompareWith is { } expected && expected != Current(element.ItemId, element.LocationId, state)
            ? InventoryRules.Stale([.. path, "changeFromQuantity"])
            : null;
    }

    private InventoryError? CheckAdjust(InventoryElement element, StockState state, string[] path, string apiVersion)
    {
        if (InventoryRules.Target(
                this, element.ItemId, element.LocationId, apiVersion, [.. path, "inventoryItemId"],
                [.. path, "locationId"]) is { } bad)
        {
            return bad;
        }

        if (InventoryRules.Document(state, element.LedgerDocumentUri, [.. path, "ledgerDocumentUri"]) is { } document)
        {
            return document;
        }

        var current = Current(element.ItemId, element.LocationId, state);
        var after = (long)current + element.Delta!.Value;
        if (after > InventoryRules.MaxAdjusted)
        {
            return new InventoryError(
                "INVALID_QUANTITY_TOO_HIGH", [.. path, "delta"], "The quantity can't be higher than 2,000,000,000.");
        }

        // Only available may fall below zero: the other states count things that exist.
        if (after < -InventoryRules.MaxAdjusted || (after < 0 && state != StockState.Available))
        {
            return new InventoryError("INVALID_QUANTITY_TOO_LOW", [.. path, "delta"], "The quantity is too low.");
        }

        return element.CompareWith is { } expected && expected != current
            ? InventoryRules.Stale([.. path, "changeFromQuantity"])
            : null;
    }
}
