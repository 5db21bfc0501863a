using SyncFlow.Core;

namespace SyncFlow.Worker.Fairness;

/// <summary>How a tenant's turn ended.</summary>
internal enum TurnEnd
{
    /// <summary>Nothing of it is left, or another worker is at it.</summary>
    Nothing,

    /// <summary>More of it waits.</summary>
    More,

    /// <summary>More of it waits, and is not to be done yet.</summary>
    NotYet,
}

/// <summary>
/// A job over tenants in rounds: a batch of each (as many as its weight), and then again those that have more. Who comes
/// meanwhile is in the next round, so nobody waits for more than a turn of each other, however much one of them has. What
/// fails for one is its own trouble: it is tried again at the next tick, and the others go on.
/// </summary>
/// <param name="job">Its name in the log.</param>
/// <param name="weight">Batches of a tenant in a round, at least one.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where failures are told.</param>
internal sealed class TenantRounds(string job, Func<TenantId, int> weight, TimeProvider time, ILogger logger)
{
    /// <summary>How soon those are asked again that had more and could not go on.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>How long one that had nothing is left out of the rounds: what it waits for is not ours to do.</summary>
    private static readonly TimeSpan LeftOutFor = TimeSpan.FromSeconds(1);

    private readonly TenantRing _ring = new();

    /// <summary>Goes round until nobody has more.</summary>
    /// <param name="waiting">Tenants that may have something.</param>
    /// <param name="turn">Does one batch of a tenant.</param>
    /// <param name="ct">Ends it between two batches, or in one.</param>
    public async Task RunAsync(
        Func<CancellationToken, Task<IReadOnlyList<TenantId>>> waiting, Func<TenantId, CancellationToken, Task<TurnEnd>> turn, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(waiting);
        ArgumentNullException.ThrowIfNull(turn);
        var leftOut = new Dictionary<TenantId, long?>();
        while (true)
        {
            var (more, moved) = (false, false);
            foreach (var tenant in _ring.Order(await waiting(ct).ConfigureAwait(false)))
            {
                if (IsLeftOut(leftOut, tenant))
                {
                    continue;
                }

                _ring.Served(tenant);
                var (end, failed) = await ServeAsync(tenant, turn, ct).ConfigureAwait(false);
                (more, moved) = (more || end != TurnEnd.Nothing, moved || end == TurnEnd.More);
                if (end == TurnEnd.Nothing)
                {
                    leftOut[tenant] = failed ? null : time.GetTimestamp();
                }
            }

            if (!more)
            {
                return;
            }

            await (moved ? Task.CompletedTask : Task.Delay(LookEvery, time, ct)).ConfigureAwait(false);
            ct.ThrowIfCancellationRequested();
        }
    }

    private async Task<(TurnEnd End, bool Failed)> ServeAsync(TenantId tenant, Func<TenantId, CancellationToken, Task<TurnEnd>> turn, CancellationToken ct)
    {
        try
        {
            var end = TurnEnd.More;
            for (var batches = weight(tenant); batches > 0 && end == TurnEnd.More; batches--)
            {
                end = await turn(tenant, ct).ConfigureAwait(false);
            }

            return (end, false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            Log.TenantFailed(logger, failure, job, tenant.Value); // The job boundary: its neighbours go on.
            return (TurnEnd.Nothing, true);
        }
    }

    /// <summary>One that failed is left out until the next tick.</summary>
    private bool IsLeftOut(Dictionary<TenantId, long?> leftOut, TenantId tenant) =>
        leftOut.TryGetValue(tenant, out var since) && (since is not { } at || time.GetElapsedTime(at) < LeftOutFor);
}
