using Npgsql;
using SyncFlow.Storage.Identity;

namespace SyncFlow.Api.Security;

/// <summary>Hears from the database that callers changed, and has them forgotten.</summary>
internal sealed partial class CallerChanges(CallerStore store, CallerCache cache, TimeProvider time, ILogger<CallerChanges> log) : BackgroundService
{
    /// <summary>How often the connection is tried; a silent one is noticed within this and its time-out.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await store.ListenAsync(() => cache.Hears(true), cache.Forget, LookEvery, stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception broken) when (broken is NpgsqlException or TimeoutException or System.Net.Sockets.SocketException or IOException)
            {
                Deaf(log, broken.Message);
            }
            finally
            {
                cache.Hears(false);
            }

            await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Changes of callers are not heard; every request looks its caller up until they are: {Reason}")]
    private static partial void Deaf(ILogger log, string reason);
}
