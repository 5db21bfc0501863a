using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Work;
using SyncFlow.Worker.Runs;

namespace SyncFlow.Worker.Upkeep;

/// <summary>
/// Queues one reconciliation a night of every connection that is published to, spread over some hours so that they do not
/// all begin at once. Whichever worker comes first queues it; the run's key keeps it one.
/// </summary>
internal sealed class NightlyReconciliation(
    ConnectionStore connections, RunStore runs, NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>UTC hour at which the night's reconciliations begin.</summary>
    public const int FromHour = 1;

    /// <summary>Minutes over which they are spread.</summary>
    private const int SpreadOver = 180;

    private readonly HashSet<(TenantId, ConnectionId, DateOnly)> _queued = [];

    /// <summary>Queues what is due and was not queued tonight.</summary>
    /// <returns>How many were queued.</returns>
    public async Task<int> QueueDueAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow().UtcDateTime.AddHours(-FromHour);
        var night = DateOnly.FromDateTime(now);
        _queued.RemoveWhere(q => q.Item3 != night);
        var queued = 0;
        foreach (var connection in await connections.AllAsync(ct).ConfigureAwait(false))
        {
            if (connection.Status.IsVerified() && now.TimeOfDay >= TimeSpan.FromMinutes(connection.Connection.Value % SpreadOver)
                && _queued.Add((connection.Tenant, connection.Connection, night)))
            {
                queued += await QueueAsync(connection, night, ct).ConfigureAwait(false) ? 1 : 0;
            }
        }

        return queued;
    }

    private async Task<bool> QueueAsync(ConnectionSummary connection, DateOnly night, CancellationToken ct)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"nightly {ReconcileRun.Kind} of {connection.Connection.Value} on {night:yyyy-MM-dd}");
        await using var session = await StorageSession.OpenAsync(source, connection.Tenant, ct).ConfigureAwait(false);
        var queued = await runs.CreateOnceAsync(session, ReconcileRun.Kind, connection.Connection, key, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return queued;
    }
}
