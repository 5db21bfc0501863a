using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SyncFlow.ServiceDefaults;

/// <summary>Keeps what a process holds of the database's in memory fresh.</summary>
public static partial class Refreshing
{
    /// <summary>Has <typeparamref name="T"/> read anew at the start and then regularly; while it cannot be read what was known holds.</summary>
    /// <param name="what">Names it in the log.</param>
    /// <param name="every">Between two reads.</param>
    public static IServiceCollection AddRefreshed<T>(
        this IServiceCollection services, string what, TimeSpan every, Func<T, CancellationToken, Task> refresh)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(refresh);
        return services.AddSingleton<T>().AddSingleton<IHostedService>(provider => new Job(
            what, every, ct => refresh(provider.GetRequiredService<T>(), ct), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<T>>()));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{What} could not be read; what was known holds until it is")]
    private static partial void Stale(ILogger log, Exception failure, string what);

    private sealed class Job(string what, TimeSpan every, Func<CancellationToken, Task> refresh, TimeProvider time, ILogger log) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            using var timer = new PeriodicTimer(every, time);
            do
            {
                try
                {
                    await refresh(stoppingToken).ConfigureAwait(false);
                }
                catch (Exception failure) when (failure is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
                {
                    Stale(log, failure, what); // The job boundary: read again at the next tick.
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
        }
    }
}
