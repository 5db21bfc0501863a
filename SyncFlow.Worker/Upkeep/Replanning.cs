using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Worker.Upkeep;

/// <summary>Plans SKUs again although no fact changed them, in batches: each batch is one transaction with its locks.</summary>
internal sealed class Replanning(NpgsqlDataSource source, WakeUps wakeUps, Signals signals, TimeProvider time)
{
    /// <summary>SKUs in one transaction.</summary>
    public const int BatchSize = 500;

    /// <summary>Plans all SKUs of a filter; returns how many.</summary>
    public async Task<int> RunAsync(
        TenantId tenant, SkuFilter filter, string cause, Func<int, Task>? progress, CancellationToken ct)
    {
        var (done, after) = (0, new SkuId(0));
        while (true)
        {
            var batch = await BatchAsync(tenant, filter, cause, after, ct).ConfigureAwait(false);
            if (batch.Count == 0)
            {
                return done;
            }

            (done, after) = (done + batch.Count, batch[^1]);
            signals.Raise(tenant);
            await wakeUps.PublishAsync(WakeUpKind.Levels, tenant.Value).ConfigureAwait(false);
            if (progress is not null)
            {
                await progress(done).ConfigureAwait(false);
            }
        }
    }

    private async Task<List<SkuId>> BatchAsync(TenantId tenant, SkuFilter filter, string cause, SkuId after, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var batch = await SkuPages.NextAsync(session, filter, after, BatchSize, ct).ConfigureAwait(false);
        if (batch.Count > 0)
        {
            var now = DatabaseTime.Now(time);
            var set = await StockStore.LoadSkusAsync(session, batch, ct).ConfigureAwait(false);
            Replanner.Touch(set, batch, now);
            await StockStore.SaveAsync(session, set, cause, now, ct).ConfigureAwait(false);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
        return batch;
    }
}
