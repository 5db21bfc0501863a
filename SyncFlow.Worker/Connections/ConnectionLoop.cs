using Npgsql;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Publishing;
using SyncFlow.Worker.Publishing;
using SyncFlow.Worker.Verifying;
using SyncFlow.Worker.Work;

namespace SyncFlow.Worker.Connections;

/// <summary>Makes loops with their parts.</summary>
internal sealed class ConnectionLoopFactory(
    ChannelLinks links, PushTransactions transactions, PushSender sender, Suspension suspension, ChannelStore connections,
    InboxFeed feed, FetchStore fetches, LevelMarks marks, LevelReader levels, WorkItemCalls calls, NpgsqlDataSource source,
    Signals signals, WorkerOptions options, TimeProvider time, ILoggerFactory loggers)
{
    public ConnectionLoop Create(ChannelLease lease) => new(lease, this);

    public Publisher Publisher(ChannelLease lease, LevelHolds holds) => new(
        lease, holds, links, transactions, sender, suspension, connections, signals, time, loggers.CreateLogger<Publisher>());

    public Verifier Verifier(ChannelLease lease, VerifyPurpose purpose, LevelHolds holds, OrderFetch orders) => new(
        lease, purpose, holds, links, orders, levels, marks, transactions, suspension, source, signals, options, time,
        loggers.CreateLogger<Verifier>());

    public OrderFetch Orders() => new(feed, fetches, options, time);

    public WorkItemRunner Work(ChannelLease lease) => new(lease, links, calls, suspension, source, signals, time, loggers.CreateLogger<WorkItemRunner>());

    public WebhookCare Webhooks(ChannelLease lease) => new(lease, links, suspension, options, loggers.CreateLogger<WebhookCare>());

    public TimeProvider Time => time;

    public ILogger Logger { get; } = loggers.CreateLogger<ConnectionLoop>();
}

/// <summary>
/// Everything that is done for one leased connection, side by side. A part that fails is started again after a wait;
/// its neighbours go on.
/// </summary>
internal sealed class ConnectionLoop(ChannelLease lease, ConnectionLoopFactory parts)
{
    /// <summary>Runs until cancelled. Does not throw.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var holds = new LevelHolds();
        using var orders = parts.Orders();
        await Task.WhenAll(
            KeepAsync("publish", t => parts.Publisher(lease, holds).RunAsync(t), ct),
            KeepAsync("verify", t => parts.Verifier(lease, VerifyPurpose.Prove, holds, orders).RunAsync(t), ct),
            KeepAsync("attribute", t => parts.Verifier(lease, VerifyPurpose.Attribute, holds, orders).RunAsync(t), ct),
            KeepAsync("work", t => parts.Work(lease).RunAsync(t), ct),
            KeepAsync("webhooks", t => parts.Webhooks(lease).RunAsync(t), ct)).ConfigureAwait(false);
    }

    private async Task KeepAsync(string name, Func<CancellationToken, Task> part, CancellationToken ct)
    {
        for (var attempt = 1; !ct.IsCancellationRequested; attempt++)
        {
            var startedAt = parts.Time.GetUtcNow();
            try
            {
                await Task.Run(() => part(ct), ct).ConfigureAwait(false);
                return;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (LeaseLostException lost)
            {
                // Nothing can be written any more: the whole loop ends.
                lease.Refused();
                Log.PartFailed(parts.Logger, lost, lease.Tenant.Value, lease.Connection.Value, name);
            }
            catch (Exception failure) // The job boundary: it is logged, and the part starts anew.
            {
                Log.PartFailed(parts.Logger, failure, lease.Tenant.Value, lease.Connection.Value, name);
            }

            attempt = parts.Time.GetUtcNow() - startedAt > TimeSpan.FromMinutes(1) ? 1 : attempt;
            await Task.Delay(RetrySchedule.Part.After(attempt), parts.Time, ct)
                .ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default)
                .ConfigureAwait(false);
        }
    }
}
