using Npgsql;
using SyncFlow.Storage.Tenancy;

namespace SyncFlow.Api.Tenancy;

/// <summary>
/// Deletes tenants whose time has come, a batch of rows at a time. Several processes may work at once; a step is one's
/// alone, and a process that dies leaves the rest to whoever looks next.
/// </summary>
internal sealed partial class TenantErasure(TenantDesk desk, IConfiguration configuration, TimeProvider time, ILogger<TenantErasure> log) : BackgroundService
{
    /// <summary>Rows that go in one transaction: a second or two of work, and no more to do again after a crash.</summary>
    private const int Batch = 10_000;

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
            while (await desk.EraseStepAsync(Batch, ct).ConfigureAwait(false) is { } step)
            {
                Progress(log, step.Tenant, step.Rows, step.Table);
                if (step.IsDone)
                {
                    Erased(log, step.Tenant);
                }
            }
        }
        catch (NpgsqlException failed)
        {
            Failed(log, failed); // Gone on with in an hour; of the step that failed nothing is done.
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Of tenant {Tenant}, whose time of grace is over, {Rows} rows of {Table} were deleted.")]
    private static partial void Progress(ILogger log, long tenant, long rows, string table);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Tenant {Tenant} was deleted: its time of grace is over.")]
    private static partial void Erased(ILogger log, long tenant);

    [LoggerMessage(Level = LogLevel.Error, Message = "A tenant whose time has come could not be deleted")]
    private static partial void Failed(ILogger log, Exception failure);
}
