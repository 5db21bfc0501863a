using System.Text.Json;
using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify;

/// <summary>What one request came to: a document or a fault, and what it cost.</summary>
internal readonly record struct ShopifyAnswer(
    JsonDocument? Document, ChannelFault? Fault, double? ActualCost, ThrottleStatus? Status)
{
    internal static ShopifyAnswer Failed(ChannelFault fault) => new(null, fault, null, null);
}
