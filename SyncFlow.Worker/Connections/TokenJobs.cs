using SyncFlow.Storage.Connections;

namespace SyncFlow.Worker.Connections;

/// <summary>
/// Renews the access of shops that nobody calls, so that it never ends unnoticed: a refresh token holds 90 days, and is
/// renewed after 30 without use. Any number of workers may do it at once: each shop is renewed by one of them.
/// </summary>
internal sealed class TokenJobs(TokenStore store, TokenKeeper keeper, TimeProvider time, ILogger<TokenJobs> logger) : BackgroundService
{
    /// <summary>Refresh tokens that end within this time are renewed.</summary>
    public static readonly TimeSpan KeptAhead = TimeSpan.FromDays(60);

    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    /// <summary>Shops in one look; the next look takes the rest.</summary>
    private const int MostPerLook = 2_000;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await LookAsync(stoppingToken).ConfigureAwait(false);
                await Task.Delay(Every, time, stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process ends.
        }
    }

    /// <summary>One look; returns how many were renewed, by this worker or another one.</summary>
    internal async Task<int> LookAsync(CancellationToken ct)
    {
        try
        {
            var endsBefore = time.GetUtcNow() + KeptAhead;
            var idle = await store.IdleAsync(endsBefore, MostPerLook, ct).ConfigureAwait(false);
            var renewed = await Task.WhenAll(
                idle.Select(shop => keeper.RefreshIdleAsync(shop.Tenant, shop.Connection, endsBefore, ct))).ConfigureAwait(false);
            return renewed.Count(done => done);
        }
        catch (Exception failure) when (failure is not OperationCanceledException) // The job boundary: the next look tries again.
        {
            Log.JobFailed(logger, failure, "the renewal of idle access");
            return 0;
        }
    }
}
