namespace SyncFlow.Worker.Runs;

/// <summary>
/// Keeps the claim of a run while its steps wait. A beat that fails is tried again for as long as the claim lasts: until then
/// nobody else takes the run, and it goes on.
/// </summary>
internal static class RunBeat
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    /// <summary>After a beat that failed.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(5);

    /// <summary>The run stops so long before another worker may take it.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    /// <summary>Beats until the run has ended; ends it when its claim does.</summary>
    /// <param name="beatAsync">Says that the run goes on.</param>
    /// <param name="claimedUntil">The end of the claim, as far as it is known.</param>
    /// <param name="ended">Cancelled when the run has ended; cancels it without a claim.</param>
    public static async Task KeepAsync(
        Func<CancellationToken, Task> beatAsync, Func<DateTimeOffset> claimedUntil, CancellationTokenSource ended, TimeProvider time, ILogger logger)
    {
        try
        {
            var wait = Every;
            while (Left() is { Ticks: > 0 } left)
            {
                await Task.Delay(wait < left ? wait : left, time, ended.Token).ConfigureAwait(false);
                if (Left() is { Ticks: > 0 } rest)
                {
                    // One that hangs is not waited for beyond the claim.
                    wait = await OnceAsync(beat => beatAsync(beat).WaitAsync(rest, time, beat), logger, ended.Token).ConfigureAwait(false) ? Every : Again;
                }
            }

            await ended.CancelAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The run has ended.
        }
        catch (RunCancelledException)
        {
            // The run's own next report tells it, at a point where it can put things right.
        }
        catch (RunClaimLostException)
        {
            await ended.CancelAsync().ConfigureAwait(false);
        }

        TimeSpan Left() => claimedUntil() - Margin - time.GetUtcNow();
    }

    private static async Task<bool> OnceAsync(Func<CancellationToken, Task> beatAsync, ILogger logger, CancellationToken ct)
    {
        try
        {
            await beatAsync(ct).ConfigureAwait(false);
            return true;
        }
        catch (Exception failure) when (failure is not (OperationCanceledException or RunCancelledException or RunClaimLostException))
        {
            Log.JobFailed(logger, failure, "the beat of a run"); // The job boundary: until the claim ends it is tried again.
            return false;
        }
    }
}
