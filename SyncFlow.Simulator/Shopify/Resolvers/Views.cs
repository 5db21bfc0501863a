using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify.Resolvers;

/// <summary>A variant seen as its inventory item.</summary>
internal sealed record ItemView(Variant Variant);

/// <summary>One state of a level.</summary>
internal sealed record QuantityView(Level Level, string Name, StockState State);

/// <summary>A line of an order, with its order.</summary>
internal sealed record LineView(Order Order, OrderLine Line);

/// <summary>A fulfilment order, with its order.</summary>
internal sealed record FulfillmentOrderView(Order Order, FulfillmentOrder Value);

/// <summary>A line of a fulfilment order, with its order.</summary>
internal sealed record FulfillmentOrderLineView(Order Order, FulfillmentOrderLine Value);

internal sealed record FulfillmentView(Order Order, Fulfillment Value);

internal sealed record FulfillmentLineView(Order Order, LineQuantity Value);

internal sealed record RefundView(Order Order, Refund Value);

internal sealed record RefundLineView(Order Order, RefundLine Value);

/// <summary>A user error of any payload; the code is empty where the type has none.</summary>
internal sealed record ErrorView(string Type, string? Code, IReadOnlyList<string>? Field, string Message);

/// <summary>A mutation's payload: its one result and its errors.</summary>
internal sealed record Payload(object? Result, IReadOnlyList<ErrorView> Errors)
{
    internal static Payload Of(object? result) => new(result, []);

    internal static Payload Refused(string type, string? code, IReadOnlyList<string>? field, string message) =>
        new(null, [new ErrorView(type, code, field, message)]);
}

/// <summary>An API version as publicApiVersions lists it.</summary>
internal sealed record VersionView(string Handle, bool Supported);

/// <summary>A count that is always exact here.</summary>
internal sealed record CountView(int Value);
