using SyncFlow.Storage.Operations;

namespace SyncFlow.Worker.Upkeep;

/// <summary>Once a day what has been kept for long enough is deleted, table by table; what fails of one is its own trouble.</summary>
internal sealed class Purge(PurgeStore store, TimeProvider time, ILogger<Purge> logger)
{
    private readonly Dictionary<string, DateOnly> _doneOf = [];

    /// <summary>Deletes what is due of the tables that have not been done today.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        foreach (var table in PurgeStore.Tables.Where(t => _doneOf.GetValueOrDefault(t) != today))
        {
            try
            {
                var gone = await store.RunAsync(table, ct).ConfigureAwait(false);
                if (gone > 0)
                {
                    Log.Purged(logger, gone, table);
                }

                _doneOf[table] = today;
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                Log.JobFailed(logger, failure, $"the purge of {table}"); // The job boundary: tried again in a minute, and the other tables now.
            }
        }
    }
}
