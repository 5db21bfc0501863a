using System.Text.Json;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;
using SyncFlow.Worker.Connections;

namespace SyncFlow.Worker.Runs;

/// <summary>
/// What going live would write at once, found by the rules that will write it: nothing is locked, stored or sent. Where
/// units have to move from one channel to another the rise follows later, once the decrease is proven, and is not listed.
/// </summary>
internal sealed class GoLivePreview(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>SKUs looked at in one transaction.</summary>
    private const int BatchSize = 500;

    /// <summary>Writes listed; all are counted.</summary>
    private const int MostListed = 1_000;

    /// <param name="Sku">The SKU's code.</param>
    internal sealed record Write(string Sku, long ConnectionId, long LevelId, int From, int To);

    /// <returns>The writes as JSON: how many there are, and the first of them in the order of SKUs.</returns>
    public async Task<string> RunAsync(ChannelLink link, RunProgress progress, CancellationToken ct)
    {
        var (listed, total, seen, after) = (new List<Write>(), 0, 0, new SkuId(0));
        while (true)
        {
            await using var session = await StorageSession.OpenAsync(source, link.Tenant, ct).ConfigureAwait(false);
            var batch = await SkuPages.NextAsync(session, new SkuFilter(link.Id), after, BatchSize, ct).ConfigureAwait(false);
            if (batch.Count == 0)
            {
                return JsonSerializer.Serialize(new { total, writes = listed }, JsonSerializerOptions.Web);
            }

            var codes = await SkuPages.CodesAsync(session, batch, ct).ConfigureAwait(false);
            var set = await StockStore.ReadSkusAsync(session, batch, ct).ConfigureAwait(false);
            foreach (var write in WritesOf(set, batch, codes, link.Id))
            {
                total++;
                if (listed.Count < MostListed)
                {
                    listed.Add(write);
                }
            }

            (seen, after) = (seen + batch.Count, batch[^1]);
            await progress.ReportAsync(seen, null, "looking ahead", ct).ConfigureAwait(false);
        }
    }

    private IEnumerable<Write> WritesOf(
        WorkingSet read, List<SkuId> skus, IReadOnlyDictionary<SkuId, string> codes, ConnectionId connection)
    {
        var now = time.GetUtcNow();
        var ahead = new WorkingSet(Live(read.Context, connection));
        foreach (var id in skus)
        {
            ahead.Load(Live(read.FindSku(id)!, connection));
            Replanner.Touch(ahead, id, now);
            foreach (var level in ahead.FindSku(id)!.Levels.Where(l => l.WantsPush).OrderBy(l => l.Id.Value))
            {
                yield return new Write(codes[id], level.Connection.Value, level.Id.Value, level.Belief!.Value, level.Target!.Value);
            }
        }
    }

    private static EngineContext Live(EngineContext context, ConnectionId connection) => context with
    {
        Channels = context.Channels.SetItem(connection, context.Channels[connection] with { Status = ConnectionStatus.Live }),
    };

    private static SkuState Live(SkuState sku, ConnectionId connection) => sku with
    {
        Levels = [.. sku.Levels.Select(l => l.Connection == connection && l.Status == LevelStatus.Baselined ? l with { Status = LevelStatus.Live } : l)],
    };
}
