using SyncFlow.Core;

namespace SyncFlow.Worker.Connections;

/// <summary>A connection that this process alone may write to, as long as the lease lasts.</summary>
internal sealed record ChannelLease(TenantId Tenant, ConnectionId Connection, long Epoch);
