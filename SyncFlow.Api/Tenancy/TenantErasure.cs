using Npgsql;
using SyncFlow.Storage.Tenancy;

namespace SyncFlow.Api.Tenancy;

/// <summary>Deletes tenants whose time has come. Several processes may look at once; each tenant is deleted by one.</summary>
internal sealed partial class TenantErasure(TenantDesk desk, IConfiguration configuration, TimeProvider time, ILogger<TenantErasure> log) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromHours(1);

    /// <summary>How long everything is kept after somebody asked for the deletion (<c>Tenancy:GraceDays</c>, 30).</summary>
    public TimeSpan Grace { get; } = TimeSpan.FromDays(configuration.GetValue("Tenancy:GraceDays", 30));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        try
        {
            do
            {
                await TryAsync(stoppingToken).ConfigureAwait(false);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task TryAsync(CancellationToken ct)
    {
        try
        {
            foreach (var tenant in await desk.EraseDueAsync(ct).ConfigureAwait(false))
            {
                Erased(log, tenant);
            }
        }
        catch (NpgsqlException failed)
        {
            Failed(log, failed); // Tried again in an hour; what was begun was rolled back.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Tenant {Tenant} was deleted: its time of grace is over.")]
    private static partial void Erased(ILogger log, long tenant);

    [LoggerMessage(Level = LogLevel.Error, Message = "A tenant whose time has come could not be deleted")]
    private static partial void Failed(ILogger log, Exception failure);
}
