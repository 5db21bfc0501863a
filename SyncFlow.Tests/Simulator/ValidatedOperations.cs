namespace SyncFlow.Tests.Simulator;

/// <summary>Seven operations that were validated against Shopify's published schemas 2026-04, 2026-07 and 2026-10.</summary>
internal static class ValidatedOperations
{
    internal const string Set = """
        mutation Set($input: InventorySetQuantitiesInput!, $key: String!) { inventorySetQuantities(input:
        $input) @idempotent(key: $key) { inventoryAdjustmentGroup { id createdAt
        changes(quantityNames:["available"]) { name delta quantityAfterChange item { id } location { id } } }
        userErrors { code field message } } }
        """;

    internal const string Adjust = """
        mutation Adj($input: InventoryAdjustQuantitiesInput!, $key: String!) { inventoryAdjustQuantities(input:
        $input) @idempotent(key: $key) { inventoryAdjustmentGroup { id } userErrors { code field message } } }
        """;

    internal const string Activate = """
        mutation Act($i: ID!, $l: ID!, $a: Int, $key: String!) { inventoryActivate(inventoryItemId:$i,
        locationId:$l, available:$a) @idempotent(key:$key) { inventoryLevel { id isActive
        quantities(names:["available"]) { name quantity updatedAt } } userErrors { field message } } }
        """;

    // One line: a GraphQL string may not hold a line break.
    internal const string Bulk = """
        mutation { bulkOperationRunQuery(query: "{ inventoryItems { edges { node { id sku tracked updatedAt inventoryLevels { edges { node { id updatedAt location { id } quantities(names: [\"available\",\"on_hand\",\"committed\",\"incoming\",\"reserved\",\"damaged\",\"safety_stock\",\"quality_control\"]) { name quantity updatedAt } } } } } } } }", groupObjects: false) { bulkOperation { id status } userErrors { code field message } } }
        """;

    internal const string Reconcile = """
        query R($q:String,$after:String){ inventoryItems(first:50, after:$after, query:$q){ nodes{ id sku
        tracked updatedAt variants(first:5){nodes{id inventoryPolicy product{id}}} inventoryLevels(first:10){
        nodes{ id updatedAt isActive location{id} quantities(names:["available","on_hand","committed"]){name
        quantity updatedAt} } } } pageInfo{hasNextPage endCursor} } }
        """;

    internal const string Orders = """
        query O($q:String){ orders(first:25, query:$q, sortKey:UPDATED_AT){ nodes{ id name updatedAt cancelledAt
        test sourceName lineItems(first:50){nodes{ id sku quantity currentQuantity unfulfilledQuantity variant{
        id inventoryItem{id} } }} fulfillmentOrders(first:5){nodes{ id status assignedLocation{ location{ id } }
        lineItems(first:50){nodes{ id inventoryItemId remainingQuantity totalQuantity lineItem{id} }} }}
        refunds{ id createdAt refundLineItems(first:20){nodes{ quantity restockType restocked location{id}
        lineItem{id} }} } } } }
        """;

    internal const string Shop = """
        query S{ shop{ id myshopifyDomain plan{ publicDisplayName shopifyPlus partnerDevelopment } ianaTimezone
        } inventoryProperties{ quantityNames{ name belongsTo comprises isInUse } } publicApiVersions{ handle
        supported } }
        """;
}
