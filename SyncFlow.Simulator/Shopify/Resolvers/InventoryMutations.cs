using SyncFlow.Simulator.GraphQl;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify.Resolvers;

/// <summary>The inventory mutations.</summary>
internal static class InventoryMutations
{
    internal static void Bind(Schema schema)
    {
        new Binder<TypeDef>(schema, "Mutation")
            .Field("inventorySetQuantities", (_, c, call) => Set(c, call))
            .Field("inventoryAdjustQuantities", (_, c, call) => Adjust(c, call))
            .Field("inventoryMoveQuantities", (_, c, call) => Move(c, call))
            .Field("inventoryActivate", (_, c, call) => Activate(c, call))
            .Field("inventoryDeactivate", (_, c, call) => Deactivate(c, call));
        foreach (var name in new[] { "InventorySetQuantities", "InventoryAdjustQuantities", "InventoryMoveQuantities" })
        {
            new Binder<Payload>(schema, name + "Payload")
                .Field("inventoryAdjustmentGroup", p => p.Result)
                .Field("userErrors", p => p.Errors);
            BindError(schema, name + "UserError");
        }

        new Binder<Payload>(schema, "InventoryActivatePayload")
            .Field("inventoryLevel", p => p.Result)
            .Field("userErrors", p => p.Errors);
        new Binder<Payload>(schema, "InventoryDeactivatePayload").Field("userErrors", p => p.Errors);
        new Binder<ErrorView>(schema, "UserError").Field("field", e => e.Field).Field("message", e => e.Message);
    }

    internal static void BindError(Schema schema, string type) => new Binder<ErrorView>(schema, type)
        .Field("code", e => e.Code)
        .Field("field", e => e.Field)
        .Field("message", e => e.Message);

    private static Payload Set(RequestContext context, FieldCall call)
    {
        context.World.Stats.Count("sets");
        var input = call.Argument<Dictionary<string, object?>>("input")!;
        var elements = Mutations.Elements(input, "quantities");
        elements.ForEach(e => Mutations.DemandCompare(context, e, "InventoryQuantityInput"));
        var entry = Mutations.Once(context, call, Refuse, _ => context.Shop.SetQuantities(
            (string)input["name"]!, (string)input["reason"]!, Text(input, "referenceDocumentUri"),
            elements.ConvertAll(Element), context.ApiVersion, persist: !context.DropSets, context.Now, context.Changes));
        NoteDropped(context);
        return Answer(entry, "InventorySetQuantitiesUserError");
    }

    private static void NoteDropped(RequestContext context)
    {
        if (context.DropSets)
        {
            context.World.Stats.Count("setsNotPersisted");
        }
    }

    private static Payload Adjust(RequestContext context, FieldCall call)
    {
        var input = call.Argument<Dictionary<string, object?>>("input")!;
        var elements = Mutations.Elements(input, "changes");
        elements.ForEach(e => Mutations.DemandCompare(context, e, "InventoryChangeInput"));
        var entry = Mutations.Once(context, call, Refuse, _ => context.Shop.AdjustQuantities(
            (string)input["name"]!, (string)input["reason"]!, Text(input, "referenceDocumentUri"),
            elements.ConvertAll(Element), context.ApiVersion, persist: !context.DropSets, context.Now, context.Changes));
        NoteDropped(context);
        return Answer(entry, "InventoryAdjustQuantitiesUserError");
    }

    private static Payload Move(RequestContext context, FieldCall call)
    {
        var input = call.Argument<Dictionary<string, object?>>("input")!;
        context.World.Stats.Count("moves");
        var moves = Mutations.Elements(input, "changes").ConvertAll(e => new InventoryMove(
            Gids.Number((string)e["inventoryItemId"]!, "InventoryItem"), (int)e["quantity"]!,
            Terminal(context, e, "from"), Terminal(context, e, "to")));
        var entry = Mutations.Once(context, call, Refuse, _ => context.Shop.MoveQuantities(
            (string)input["reason"]!, Text(input, "referenceDocumentUri"), moves, context.ApiVersion,
            persist: !context.DropSets, context.Now, context.Changes));
        NoteDropped(context);
        return Answer(entry, "InventoryMoveQuantitiesUserError");
    }

    private static Payload Activate(RequestContext context, FieldCall call)
    {
        context.World.Stats.Count("activations");
        var entry = Mutations.Once(context, call, Refuse, running =>
        {
            var answer = context.Shop.Activate(
                Gids.Number(call.Argument<string>("inventoryItemId"), "InventoryItem"),
                Gids.Number(call.Argument<string>("locationId"), "Location"),
                call.Arguments.GetValueOrDefault("available") as int?, call.Arguments.GetValueOrDefault("onHand") as int?,
                context.Now, context.Changes);
            running.Level = answer.Level is { } level ? (level.ItemId, level.LocationId) : null;
            return new InventoryAnswer(null, answer.Errors);
        });
        var level = entry.Level is var (item, location) ? context.Shop.Level(item, location) : null;
        return new Payload(level, Errors(entry.Answer!, "UserError"));
    }

    private static Payload Deactivate(RequestContext context, FieldCall call)
    {
        var message = Gids.Level(call.Argument<string>("inventoryLevelId")!) is var (item, location)
            ? context.Shop.Deactivate(item, location, context.Now, context.Changes)
            : "The inventory level couldn't be found.";
        return message is null
            ? Payload.Of(null)
            : Payload.Refused("UserError", null, ["inventoryLevelId"], message);
    }

    private static InventoryElement Element(Dictionary<string, object?> element) => new(
        Gids.Number((string)element["inventoryItemId"]!, "InventoryItem"),
        Gids.Number((string)element["locationId"]!, "Location"),
        "", element.GetValueOrDefault("quantity") as int?, element.GetValueOrDefault("delta") as int?,
        element.GetValueOrDefault("changeFromQuantity") as int?, Text(element, "ledgerDocumentUri"));

    private static InventoryTerminal Terminal(RequestContext context, Dictionary<string, object?> element, string end)
    {
        var terminal = (Dictionary<string, object?>)element[end]!;
        Mutations.DemandCompare(context, terminal, "InventoryMoveQuantityTerminalInput");
        return new InventoryTerminal(
            Gids.Number((string)terminal["locationId"]!, "Location"), (string)terminal["name"]!,
            terminal.GetValueOrDefault("changeFromQuantity") as int?, Text(terminal, "ledgerDocumentUri"));
    }

    private static string? Text(Dictionary<string, object?> input, string name) => input.GetValueOrDefault(name) as string;

    private static InventoryAnswer Refuse(string code, string message) =>
        InventoryAnswer.Refused(new InventoryError(code, [], message));

    private static Payload Answer(IdempotencyEntry entry, string errorType) =>
        new(entry.Answer!.Group, Errors(entry.Answer, errorType));

    private static List<ErrorView> Errors(InventoryAnswer answer, string type) =>
        [.. answer.Errors.Select(e => new ErrorView(type, e.Code, e.Field.Count == 0 ? null : e.Field, e.Message))];
}
