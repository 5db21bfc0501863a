using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Faults;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Worker.Connections;

/// <summary>
/// What a fault of a call means for its whole connection. A refused credential freezes it (rule R12): no more calls,
/// what it may sell stays counted, and nobody else is raised from its share.
/// </summary>
internal sealed class Suspension(NpgsqlDataSource source, ChannelStore connections, TimeProvider time, ILogger<Suspension> logger)
{
    private static readonly ConnectionStatus[] Callable =
        [.. Enum.GetValues<ConnectionStatus>().Where(status => status.MayBeCalled())];

    /// <summary>Handles a fault; returns whether the connection is suspended now.</summary>
    public async Task<bool> HandleAsync(
        TenantId tenant, ConnectionId connection, string operation, ChannelFault fault, CancellationToken ct)
    {
        Log.CallFault(logger, tenant.Value, connection.Value, operation, fault.Code, fault.Message);
        switch (fault.Kind)
        {
            case ChannelFaultKind.Unauthorized:
                await SuspendAsync(tenant, connection, fault, ct).ConfigureAwait(false);
                return true;
            case ChannelFaultKind.ShopUnavailable:
                await connections.NoteErrorAsync(tenant, connection, Text(fault), ct).ConfigureAwait(false);
                await connections.OpenIncidentAsync(
                    tenant,
                    new Incident(
                        UnavailableKey(connection), "shop-unavailable", $"The shop does not answer calls: {fault.Message}.",
                        connection, null, null, time.GetUtcNow()),
                    ct).ConfigureAwait(false);
                return false;
            case ChannelFaultKind.Rejected:
                await connections.NoteErrorAsync(tenant, connection, Text(fault), ct).ConfigureAwait(false);
                return false;
            case ChannelFaultKind.Transient:
            case ChannelFaultKind.RateLimited:
            case ChannelFaultKind.Unknown:
                return false;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault), fault.Kind, "No rule for this fault.");
        }
    }

    /// <summary>Calls are answered again.</summary>
    public async Task RecoveredAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        await connections.NoteErrorAsync(tenant, connection, null, ct).ConfigureAwait(false);
        await connections.CloseIncidentAsync(tenant, UnavailableKey(connection), ct).ConfigureAwait(false);
    }

    private async Task SuspendAsync(TenantId tenant, ConnectionId connection, ChannelFault fault, CancellationToken ct)
    {
        bool changed;
        await using (var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false))
        {
            changed = await connections.ChangeStatusAsync(
                session, connection, Callable, ConnectionStatus.Suspended, Text(fault), ct).ConfigureAwait(false);
            await session.CommitAsync(ct).ConfigureAwait(false);
        }

        if (!changed)
        {
            return; // Another call of the same connection was refused first.
        }

        Log.Suspended(logger, tenant.Value, connection.Value, fault.Message);
        await connections.OpenIncidentAsync(
            tenant,
            new Incident(
                $"suspended:{connection.Value}", "connection-suspended",
                $"The shop refused our access ({fault.Code}). Nothing is written to it until access is given again; it goes on selling what it shows.",
                connection, null, null, time.GetUtcNow()),
            ct).ConfigureAwait(false);
    }

    private static string UnavailableKey(ConnectionId connection) => $"shop-unavailable:{connection.Value}";

    private static string Text(ChannelFault fault) => $"{fault.Code}: {fault.Message}";
}
