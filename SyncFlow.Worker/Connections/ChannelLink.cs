using SyncFlow.Channels.Shopify;
using SyncFlow.Core;
using SyncFlow.Core.Faults;
using SyncFlow.Storage.Channels;

namespace SyncFlow.Worker.Connections;

/// <summary>A connection this process may speak to now: who, and by which client.</summary>
/// <param name="Budget">The shop's points, shared by all its callers in this process.</param>
internal sealed record ChannelLink(ConnectionDetails Connection, ShopifyClient Client, CostBudget Budget)
{
    public TenantId Tenant => Connection.Tenant;

    public ConnectionId Id => Connection.Connection;
}

/// <summary>A call came to a fault that the caller's caller must decide on.</summary>
internal sealed class ChannelFaultException(string operation, ChannelFault fault)
    : Exception($"{operation} came to {fault.Kind} ({fault.Code}): {fault.Message}")
{
    public string Operation { get; } = operation;

    public ChannelFault Fault { get; } = fault;
}

internal static class ChannelResults
{
    /// <summary>The value, counted; a fault is thrown for the boundary of the job.</summary>
    public static T OrThrow<T>(this ChannelResult<T> result, string operation)
    {
        WorkerMeter.Call(operation, result.Fault?.Kind.ToString() ?? "ok");
        return result.Succeeded ? result.Value : throw new ChannelFaultException(operation, result.Fault!);
    }
}
