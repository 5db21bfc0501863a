using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Channels;

namespace SyncFlow.Storage.Brakes;

/// <summary>What follows when a channel counts for nothing any more.</summary>
/// <param name="Skus">SKUs of which it may still sell units.</param>
/// <param name="Levels">Levels that may still sell units.</param>
/// <param name="Units">The most units that it may still sell; they are free for the others then.</param>
/// <param name="Writes">What is written on the others at once.</param>
public sealed record Closing(int Skus, int Levels, long Units, IReadOnlyList<PlannedWrite> Writes);

/// <summary>Tells what closing a connection would free; nothing is changed.</summary>
/// <param name="preview">Plans its SKUs as if it were closed.</param>
public sealed class ClosingPreview(PlanPreview preview)
{
    /// <summary>What is freed; nothing where the connection is closed already.</summary>
    public async Task<Closing> OfAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        var (skus, levels, units, writes) = (0, 0, 0L, new List<PlannedWrite>());
        await preview.RunAsync(
            tenant, new SkuFilter(connection), Closed, sku => sku,
            (loaded, planned) =>
            {
                if (loaded.Context.Channels.TryGetValue(connection, out var channel) && channel.Sells)
                {
                    foreach (var sku in loaded.Skus)
                    {
                        var selling = sku.Levels.Where(level => level.Connection == connection && level.UpperBound > 0).ToList();
                        skus += selling.Count > 0 ? 1 : 0;
                        levels += selling.Count;
                        units += selling.Sum(level => (long)level.UpperBound);
                    }

                    writes.AddRange(planned.SelectMany(PlannedWrite.Of).Where(write => write.Connection != connection));
                }
            },
            ct).ConfigureAwait(false);
        return new Closing(skus, levels, units, writes);

        EngineContext Closed(EngineContext context) => context.Channels.TryGetValue(connection, out var channel)
            ? context with { Channels = context.Channels.SetItem(connection, channel with { Status = ConnectionStatus.Closed }) }
            : context;
    }
}
