using SyncFlow.Core;

namespace SyncFlow.Worker.Connections;

/// <summary>A connection that this process alone may write to, as long as the lease lasts.</summary>
internal sealed record ChannelLease(TenantId Tenant, ConnectionId Connection, long Epoch)
{
    /// <summary>Whether it is held at this moment, by our own count of time: asked before anything is sent.</summary>
    public required Func<bool> IsHeld { get; init; }

    /// <summary>Told when a transaction was refused because it is lost: the work under it ends.</summary>
    public required Action Refused { get; init; }
}
