using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Work;
using SyncFlow.Worker.Connections;

namespace SyncFlow.Worker.Runs;

/// <summary>Claims runs and carries them out, a few side by side; tenants have turns of one run (<see cref="RunTurns"/>).</summary>
internal sealed class RunExecutor(
    RunStore runs, RunSteps steps, Suspension suspension, NpgsqlDataSource source, Signals signals, WorkerOptions options, TimeProvider time,
    ILogger<RunExecutor> logger) : BackgroundService
{
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(2);

    /// <summary>Signals tell of more than runs: however often they come, looks are no closer than this.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var turns = new RunTurns(options.Runs, ClaimAsync, run => Task.Run(() => CarryOutAsync(run, stoppingToken), CancellationToken.None));
        using var asked = signals.Listen(tenant: null);
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await LookAsync(turns, stoppingToken).ConfigureAwait(false);

                // A run that ends makes room for the next at once: many short ones do not wait for a sweep each.
                await Task.WhenAny([RestAsync(asked, stoppingToken), .. turns.Running]).ConfigureAwait(false);
                stoppingToken.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process ends; another worker takes its runs over when their claims run out.
        }
        finally
        {
            await Task.WhenAll(turns.Running).ConfigureAwait(false);
        }
    }

    private async Task RestAsync(Signal asked, CancellationToken ct)
    {
        await Task.Delay(Gather, time, ct).ConfigureAwait(false);
        await asked.WaitAsync(Sweep - Gather, time, ct).ConfigureAwait(false);
    }

    private async Task LookAsync(RunTurns turns, CancellationToken ct)
    {
        try
        {
            await turns.BeginAsync(await runs.TenantsWithRunsToClaimAsync(ct).ConfigureAwait(false), ct).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            Log.JobFailed(logger, failure, "the look for runs");
        }
    }

    private async Task<ClaimedRun?> ClaimAsync(TenantId tenant, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var run = await runs.ClaimNextAsync(session, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return run;
    }

    private async Task CarryOutAsync(ClaimedRun run, CancellationToken ct)
    {
        using var activity = WorkerMeter.Activities.StartActivity("run");
        activity?.SetTag("syncflow.run", run.RunId);
        var progress = new RunProgress(source, runs, run);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var beating = BeatAsync(progress, ended);
        string? refused = null, result = null;
        var end = RunEnd.Failed;
        try
        {
            result = await steps.RunAsync(run, progress, ended.Token).ConfigureAwait(false);
            end = RunEnd.Succeeded;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return;
        }
        catch (ChannelFaultException fault)
        {
            refused = fault.Message;
            if (run.Connection is { } connection)
            {
                await suspension.HandleAsync(run.Tenant, connection, fault.Operation, fault.Fault, ct).ConfigureAwait(false);
            }
        }
        catch (RunCancelledException cancelled)
        {
            (end, refused) = (RunEnd.Cancelled, cancelled.Message);
        }
        catch (RunRefusedException reason)
        {
            refused = reason.Message;
        }
        catch (Exception failure) // The job boundary: the run says that it failed.
        {
            Log.JobFailed(logger, failure, $"run {run.RunId} ({run.Kind})");
            refused = $"It failed inside ({failure.GetType().Name}): {failure.Message}";
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await beating.ConfigureAwait(false);
        }

        await FinishAsync(run, end, refused, result).ConfigureAwait(false);
    }

    private async Task FinishAsync(ClaimedRun run, RunEnd end, string? refused, string? result)
    {
        try
        {
            await using var session = await StorageSession.OpenAsync(source, run.Tenant, CancellationToken.None).ConfigureAwait(false);
            await runs.FinishAsync(session, run, end, refused, result, CancellationToken.None).ConfigureAwait(false);
            await session.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            Log.RunEnded(logger, run.Tenant.Value, run.RunId, run.Kind, refused ?? "succeeded");
        }
        catch (Exception failure) // The job boundary: the claim runs out, and another worker does the run again.
        {
            Log.JobFailed(logger, failure, $"the end of run {run.RunId}");
        }
    }

    private async Task BeatAsync(RunProgress progress, CancellationTokenSource ended)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Beat, time, ended.Token).ConfigureAwait(false);
                await progress.BeatAsync(ended.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The run has ended.
        }
        catch (RunCancelledException)
        {
            // The run's own next report tells it, at a point where it can put things right.
        }
        catch (Exception failure) // The job boundary: without a claim the run must not go on.
        {
            Log.JobFailed(logger, failure, "the beat of a run");
            await ended.CancelAsync().ConfigureAwait(false);
        }
    }
}
