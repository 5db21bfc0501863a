using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Work;
using SyncFlow.Worker.Connections;
using SyncFlow.Worker.Verifying;

namespace SyncFlow.Worker.Runs;

/// <summary>Claims runs and carries them out, a few side by side; tenants have turns of one run (<see cref="RunTurns"/>).</summary>
internal sealed class RunExecutor(
    RunStore runs, RunSteps steps, Suspension suspension, NpgsqlDataSource source, Signals signals, WorkerOptions options, TimeProvider time,
    ILogger<RunExecutor> logger) : BackgroundService
{
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(2);

    /// <summary>Signals tell of more than runs: however often they come, looks are no closer than this.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(200);

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
        var progress = new RunProgress(source, runs, run, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var beating = RunBeat.KeepAsync(progress.BeatAsync, () => progress.ClaimedUntil, ended, time, logger);
        string? refused = null, result = null, passing = null;
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
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            passing = "The claim could not be kept.";
        }
        catch (RunClaimLostException)
        {
            return; // Another worker goes on with it.
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
        catch (Exception reason) when (reason is RunRefusedException or NotAppliedException)
        {
            refused = reason.Message;
        }
        catch (Exception failure) when (DatabaseFaults.MayPass(failure))
        {
            Log.JobFailed(logger, failure, $"run {run.RunId} ({run.Kind})");
            passing = $"The database did not answer as it should: {failure.Message}";
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

        await NoteAsync(
            run,
            async session =>
            {
                if (passing is null)
                {
                    await runs.FinishAsync(session, run, end, refused, result, CancellationToken.None).ConfigureAwait(false);
                }
                else
                {
                    await runs.GiveBackAsync(session, run, passing, CancellationToken.None).ConfigureAwait(false);
                }
            },
            passing ?? refused ?? "succeeded").ConfigureAwait(false);
    }

    private async Task NoteAsync(ClaimedRun run, Func<StorageSession, Task> note, string told)
    {
        try
        {
            await using var session = await StorageSession.OpenAsync(source, run.Tenant, CancellationToken.None).ConfigureAwait(false);
            await note(session).ConfigureAwait(false);
            await session.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            Log.RunEnded(logger, run.Tenant.Value, run.RunId, run.Kind, told);
        }
        catch (Exception failure) // The job boundary: the claim runs out, and another worker does the run again.
        {
            Log.JobFailed(logger, failure, $"the end of run {run.RunId}");
        }
    }
}
