using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Channels;

/// <summary>Begins a new generation of a connection and of its levels (rule R13).</summary>
/// <param name="source">Of the role worker.</param>
public sealed class ReinstallStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>SKUs in one transaction.</summary>
    private const int BatchSize = 500;

    /// <summary>
    /// Raises the levels in batches and the connection last: a crash between leaves it uninstalled, so that all is
    /// raised again. A generation that is skipped does no harm.
    /// </summary>
    /// <returns>How many levels were raised.</returns>
    public async Task<int> RaiseAsync(TenantId tenant, ConnectionId connection, Func<int, Task> progress, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(progress);
        var raised = 0;
        foreach (var batch in (await SkusAsync(tenant, connection, ct).ConfigureAwait(false)).Chunk(BatchSize))
        {
            raised += await RaiseAsync(tenant, connection, batch, ct).ConfigureAwait(false);
            await progress(raised).ConfigureAwait(false);
        }

        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                """
                UPDATE connections SET generation = generation + 1, reinstalled_at = $3, updated_at = $3
                WHERE tenant_id = $1 AND connection_id = $2
                """,
                Sql.P(connection.Value), Sql.P(DatabaseTime.Now(time))),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return raised;
    }

    private async Task<List<SkuId>> SkusAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await ConnectionStore.SkusAsync(session, connection, ct).ConfigureAwait(false);
    }

    private async Task<int> RaiseAsync(TenantId tenant, ConnectionId connection, SkuId[] skus, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var set = await StockStore.LoadSkusAsync(session, skus, ct).ConfigureAwait(false);
        var raised = skus.Sum(sku => Generations.Raise(set, sku, connection));
        await StockStore.SaveAsync(session, set, "reinstall", DatabaseTime.Now(time), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return raised;
    }
}
