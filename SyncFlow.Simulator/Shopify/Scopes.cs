using SyncFlow.Simulator.GraphQl;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify;

/// <summary>The access scope each root field asks for.</summary>
internal static class Scopes
{
    private static readonly Dictionary<string, string> Needed = new(StringComparer.Ordinal)
    {
        ["inventoryItem"] = "read_inventory",
        ["inventoryItems"] = "read_inventory",
        ["inventoryLevel"] = "read_inventory",
        ["inventoryProperties"] = "read_inventory",
        ["products"] = "read_products",
        ["product"] = "read_products",
        ["productVariant"] = "read_products",
        ["productVariants"] = "read_products",
        ["location"] = "read_locations",
        ["locations"] = "read_locations",
        ["order"] = "read_orders",
        ["orders"] = "read_orders",
        ["orderCreate"] = "write_orders",
        ["inventorySetQuantities"] = "write_inventory",
        ["inventoryAdjustQuantities"] = "write_inventory",
        ["inventoryMoveQuantities"] = "write_inventory",
        ["inventoryActivate"] = "write_inventory",
        ["inventoryDeactivate"] = "write_inventory",
    };

    /// <summary>Throws ACCESS_DENIED for the first root field whose scope the app was not granted.</summary>
    internal static void Demand(Shop shop, OperationNode operation)
    {
        foreach (var field in operation.Selections.OfType<FieldNode>())
        {
            if (Needed.TryGetValue(field.Name, out var scope) && !shop.Scopes.Contains(scope))
            {
                throw new GraphQlException(new GraphQlError(
                    $"Access denied for {field.Name} field. Required access: `{scope}` access scope.", field.At, [field.Key],
                    GraphQlException.Extensions(
                        "ACCESS_DENIED", ("documentation", "https://shopify.dev/api/usage/access-scopes"),
                        ("requiredAccess", $"`{scope}` access scope."))));
            }
        }
    }
}
