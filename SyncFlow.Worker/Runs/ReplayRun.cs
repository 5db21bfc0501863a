using System.Globalization;
using System.Text.Json;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Ledger;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Work;
using SyncFlow.Worker.Upkeep;

namespace SyncFlow.Worker.Runs;

/// <summary>
/// Compares positions with the replay of the ledger; with <c>repair</c> it writes those anew that an earlier run found,
/// and compares again.
/// </summary>
internal sealed class ReplayRun(LedgerReplay replay, ChannelStore channels, NpgsqlDataSource source)
{
    /// <summary>Carries the run out; returns its result as JSON.</summary>
    public async Task<string?> RunAsync(ClaimedRun run, JsonElement parameters, RunProgress progress, CancellationToken ct)
    {
        if (parameters.TryGetProperty("repair", out var wish) && wish.ValueKind == JsonValueKind.True)
        {
            return await RepairAsync(run.Tenant, parameters, progress, ct).ConfigureAwait(false);
        }

        SkuId? only = parameters.TryGetProperty("skuId", out var id) && id.ValueKind == JsonValueKind.Number ? new SkuId(id.GetInt64()) : null;
        var total = only is null ? await CountAsync(run.Tenant, ct).ConfigureAwait(false) : 1;
        var found = await replay.CompareAsync(
            run.Tenant, only, done => progress.ReportAsync(done, total, "replaying", ct), ct).ConfigureAwait(false);
        await progress.ReportAsync(found.Skus, found.Skus, found.Differing == 0 ? "positions are the replay of the ledger" : "differences found", ct)
            .ConfigureAwait(false);
        return JsonSerializer.Serialize(new
        {
            skus = found.Skus,
            positions = found.Positions,
            entries = found.Entries,
            differing = found.Differing,
            checkpointsDropped = found.CheckpointsDropped,
            differences = await NamedAsync(run.Tenant, found.Differences, ct).ConfigureAwait(false),
            differingSkuIds = found.DifferingSkus.Select(s => s.Value),
        });
    }

    private async Task<string?> RepairAsync(TenantId tenant, JsonElement parameters, RunProgress progress, CancellationToken ct)
    {
        var skus = parameters.GetProperty("skuIds").EnumerateArray().Select(e => new SkuId(e.GetInt64())).ToList();
        var repaired = await replay.RepairAsync(
            tenant, skus, done => progress.ReportAsync(done, skus.Count, "writing positions anew", ct), ct).ConfigureAwait(false);
        var still = 0;
        foreach (var sku in skus)
        {
            var found = await replay.CompareAsync(tenant, sku, progress: null, ct).ConfigureAwait(false);
            still += found.Differing;
            if (found.Differing == 0)
            {
                await CloseAsync(tenant, sku, ct).ConfigureAwait(false);
            }
        }

        await progress.ReportAsync(skus.Count, skus.Count, "repaired", ct).ConfigureAwait(false);
        return JsonSerializer.Serialize(new { skus = skus.Count, repaired, differing = still });
    }

    private async Task CloseAsync(TenantId tenant, SkuId sku, CancellationToken ct)
    {
        foreach (var pool in await PoolsAsync(tenant, sku, ct).ConfigureAwait(false))
        {
            await channels.CloseIncidentAsync(
                tenant, string.Create(CultureInfo.InvariantCulture, $"position-differs:{sku.Value}:{pool.Value}"), ct).ConfigureAwait(false);
        }
    }

    private async Task<List<LocationId>> PoolsAsync(TenantId tenant, SkuId sku, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var set = await Storage.Stock.StockStore.ReadSkusAsync(session, [sku], ct).ConfigureAwait(false);
        return [.. set.Skus.SelectMany(s => s.Pools).Select(p => p.Location)];
    }

    private async Task<int> CountAsync(TenantId tenant, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await PositionReplay.CountAsync(session, ct).ConfigureAwait(false);
    }

    private async Task<IEnumerable<object>> NamedAsync(TenantId tenant, IReadOnlyList<PositionDifference> differences, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var names = await PositionReplay.NamesAsync(session, differences, ct).ConfigureAwait(false);
        return differences.Select(d => new
        {
            sku = names.Skus.GetValueOrDefault(d.Sku),
            location = names.Locations.GetValueOrDefault(d.Location),
            figure = d.Figure,
            ledger = d.Ledger,
            position = d.Position,
        });
    }
}
