using System.Security.Cryptography;
using SyncFlow.Channels.Sources;
using SyncFlow.Core;
using SyncFlow.Core.Faults;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Sources.Pulling;
using SyncFlow.Worker.Fairness;
using SyncFlow.Worker.Publishing;

namespace SyncFlow.Worker.Sources.Pulling;

/// <summary>
/// Asks the sources that are due, each at its cadence and by one worker at a time. A source that fails waits longer and
/// longer; the others do not wait for it.
/// </summary>
internal sealed class PullJobs(
    PullStore store, LeaseStore leases, MovementPull movements, PositionPull positions, PickTaskPull pickTasks, CredentialVault vault,
    IHttpClientFactory clients, WorkerOptions options, TimeProvider time, ILogger<PullJobs> logger) : BackgroundService
{
    /// <summary>The client whose handler keeps calls out of our own network.</summary>
    public const string HttpClientName = "sources";

    /// <summary>Due sources looked at.</summary>
    private const int MostDue = 200;

    /// <summary>Of one tenant: more than all workers together ask of it at a time, so that one is seen that nobody asks yet.</summary>
    private const int MostDueOfOne = 32;

    /// <summary>Sources asked at a time: a tenant's slow ones leave others their turn.</summary>
    private static readonly TenantSlots Slots = new(Most: 8, OfOne: 4, InCompany: 2);

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly string _owner = $"{Environment.MachineName}/{Environment.ProcessId}/{Guid.CreateVersion7(time.GetUtcNow())}";

    private readonly Dictionary<(TenantId Tenant, ConnectionId Connection), Task> _running = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                await StartDueAsync(stoppingToken).ConfigureAwait(false);
            }
        }
        finally
        {
            await Task.WhenAll(_running.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Begins to ask what is due, as long as there is room; nobody waits for those that are slow to answer.</summary>
    private async Task StartDueAsync(CancellationToken ct)
    {
        try
        {
            foreach (var (key, _) in _running.Where(r => r.Value.IsCompleted).ToList())
            {
                _running.Remove(key);
            }

            var due = Slots.HasRoom(_running.Count) ? await store.DueAsync(MostDue, MostDueOfOne, ct).ConfigureAwait(false) : [];
            due.RemoveAll(_running.ContainsKey);
            foreach (var one in due)
            {
                if (Slots.MayBegin(one.Tenant, [.. _running.Keys.Select(k => k.Tenant)], othersWait: due.Exists(d => d.Tenant != one.Tenant)))
                {
                    _running[one] = AskAsync(one.Tenant, one.Connection, ct);
                }
            }
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            Log.JobFailed(logger, failure, "asking sources"); // The job boundary: done again at the next tick.
        }
    }

    /// <summary>Asks one source for what is due of it, unless another worker does.</summary>
    internal async Task AskAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        if (await leases.AcquireAsync(tenant, connection, $"{_owner}/{connection.Value}", LeaseMachine.Ttl, ct).ConfigureAwait(false) is not { } epoch)
        {
            return;
        }

        using var work = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var holding = HoldAsync(tenant, connection, epoch, work);
        try
        {
            if (await store.ReadAsync(tenant, connection, epoch, work.Token).ConfigureAwait(false) is { } pull)
            {
                await AskAsync(pull, work.Token).ConfigureAwait(false);
            }
        }
        catch (LeaseLostException)
        {
            Log.LeaseEnded(logger, tenant.Value, connection.Value, epoch);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            Log.PartFailed(logger, failure, tenant.Value, connection.Value, "asking the source"); // The job boundary: its neighbours are asked.
        }
        finally
        {
            await work.CancelAsync().ConfigureAwait(false);
            await holding.ConfigureAwait(false);
            await leases.ReleaseAsync(tenant, connection, epoch, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task AskAsync(PullSource pull, CancellationToken ct)
    {
        var opened = Open(pull);
        if (!opened.Succeeded)
        {
            await EndAsync(pull, refreshed: !pull.PollDue, new PullEnd(opened.Fault), ct).ConfigureAwait(false);
            return;
        }

        if (pull.RefreshDue && pull.Positions)
        {
            var end = await positions.RunAsync(pull, opened.Value, ct).ConfigureAwait(false);
            await EndAsync(pull, refreshed: true, end, ct).ConfigureAwait(false);
            if (end.Fault is not null && pull.Watermark is null)
            {
                return; // Movements before what they move are not asked for: it is not known yet where they begin.
            }

            pull = pull with { Watermark = pull.Watermark ?? end.Contained };
        }

        if (pull.PollDue)
        {
            var end = pull.Movements ? await movements.RunAsync(pull, opened.Value, ct).ConfigureAwait(false) : default;
            end = end.Fault is null && pull.PickTasks ? await pickTasks.RunAsync(pull, opened.Value, ct).ConfigureAwait(false) : end;
            await EndAsync(pull, refreshed: false, end, ct).ConfigureAwait(false);
        }
    }

    private async Task EndAsync(PullSource pull, bool refreshed, PullEnd end, CancellationToken ct)
    {
        if (end.Fault is not { } fault)
        {
            await store.DoneAsync(pull, refreshed, end.Contained, ct).ConfigureAwait(false);
            return;
        }

        var wait = fault.RetryAfter ?? RetrySchedule.Source.After(pull.Failures + 1);
        wait = fault.Kind is ChannelFaultKind.Transient or ChannelFaultKind.RateLimited || wait > pull.Cadence ? wait : pull.Cadence;
        Log.CallFault(logger, pull.Tenant.Value, pull.Connection.Value, "asking the source", fault.Code, fault.Message);
        await store.FailedAsync(pull, refreshed, fault, wait, end.Anew, ct).ConfigureAwait(false);
    }

    /// <summary>A client of a source, or why it must not or cannot be asked.</summary>
    private ChannelResult<SourceApiClient> Open(PullSource pull)
    {
        if (pull.BaseUrl.Scheme != Uri.UriSchemeHttps && !options.CallsStandIn)
        {
            return new ChannelFault(ChannelFaultKind.Rejected, "NOT_HTTPS", "a source is asked by https only");
        }

        var (own, missing) = PullForms.Of(pull);
        if (missing is not null)
        {
            return new ChannelFault(ChannelFaultKind.Rejected, "NO_MAPPING", $"the mapping {missing} is gone, or does not tell what is asked for any more");
        }

        try
        {
            var secret = pull.SealedSecret is { } sealedSecret ? vault.Open(pull.Tenant, pull.Connection, sealedSecret) : "";
            return new SourceApiClient(clients.CreateClient(HttpClientName), new SourceApiAccess(pull.BaseUrl, pull.Scheme, pull.Account, secret), own);
        }
        catch (CryptographicException)
        {
            return new ChannelFault(ChannelFaultKind.Unauthorized, "SECRET_UNREADABLE", "the stored secret cannot be opened; give it again");
        }
    }

    /// <summary>Renews the lease while the work goes on; ends the work where it is lost.</summary>
    private async Task HoldAsync(TenantId tenant, ConnectionId connection, long epoch, CancellationTokenSource work)
    {
        try
        {
            using var timer = new PeriodicTimer(LeaseMachine.RenewEvery, time);
            while (await timer.WaitForNextTickAsync(work.Token).ConfigureAwait(false))
            {
                if (!await leases.RenewAsync(tenant, connection, epoch, LeaseMachine.Ttl, work.Token).ConfigureAwait(false))
                {
                    await work.CancelAsync().ConfigureAwait(false);
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (work.IsCancellationRequested)
        {
            // The work is done.
        }
        catch (Exception failure) when (failure is System.Data.Common.DbException or TimeoutException)
        {
            Log.PartFailed(logger, failure, tenant.Value, connection.Value, "keeping the lease");
            await work.CancelAsync().ConfigureAwait(false);
        }
    }
}
