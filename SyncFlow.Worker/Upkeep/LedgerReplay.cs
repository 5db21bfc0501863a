using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Ledger;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Worker.Upkeep;

/// <summary>What a replay of a tenant's ledger found.</summary>
/// <param name="Skus">SKUs looked at.</param>
/// <param name="Positions">Positions rebuilt.</param>
/// <param name="Entries">Ledger entries they were rebuilt from.</param>
/// <param name="Differing">Positions that are not what the ledger says.</param>
/// <param name="Differences">Their figures, the first <see cref="LedgerReplay.MostListed"/>.</param>
/// <param name="DifferingSkus">The SKUs to repair, the first <see cref="LedgerReplay.MostSkus"/>.</param>
/// <param name="CheckpointsDropped">Checkpoints that were wrong, and have been made again.</param>
internal sealed record ReplayFindings(
    int Skus, long Positions, long Entries, int Differing, IReadOnlyList<PositionDifference> Differences,
    IReadOnlyList<SkuId> DifferingSkus, int CheckpointsDropped);

/// <summary>
/// Rebuilds positions from the ledger beside the stored ones and compares every figure (invariant I1), in ranges of SKUs;
/// checks the checkpoints on the way; writes positions anew where it is told to.
/// </summary>
internal sealed class LedgerReplay(ChannelStore channels, NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>SKUs compared in one statement.</summary>
    public const int SkusAtOnce = 1_000;

    /// <summary>SKUs repaired in one transaction, under their locks.</summary>
    public const int RepairedAtOnce = 100;

    /// <summary>Figures that findings list.</summary>
    public const int MostListed = 200;

    /// <summary>SKUs that findings name for a repair; more are left to the next replay.</summary>
    public const int MostSkus = 10_000;

    /// <summary>Incidents opened one by one; beyond, one speaks for all.</summary>
    public const int MostIncidents = 50;

    private const string Kind = "position-differs";

    /// <summary>Compares one SKU or all; each position that differs is an incident.</summary>
    /// <param name="progress">Told the number of SKUs done.</param>
    public async Task<ReplayFindings> CompareAsync(TenantId tenant, SkuId? only, Func<int, Task>? progress, CancellationToken ct)
    {
        var findings = new ReplayFindings(0, 0, 0, 0, [], [], 0);
        var after = new SkuId(only is { } one ? one.Value - 1 : 0);
        while (true)
        {
            var (page, dropped) = await PageAsync(tenant, after, only is null ? SkusAtOnce : 1, ct).ConfigureAwait(false);
            findings = Add(findings, page, dropped.Count);
            if (page.Last is not { } last || only is not null)
            {
                break;
            }

            after = last;
            await (progress?.Invoke(findings.Skus) ?? Task.CompletedTask).ConfigureAwait(false);
        }

        await ReportAsync(tenant, findings, ct).ConfigureAwait(false);
        return findings;
    }

    /// <summary>Writes the positions of SKUs as the ledger says, under their locks, and plans the SKUs again.</summary>
    /// <returns>How many positions were not right.</returns>
    public async Task<int> RepairAsync(TenantId tenant, IReadOnlyList<SkuId> skus, Func<int, Task> progress, CancellationToken ct)
    {
        var (done, repaired) = (0, 0);
        foreach (var part in skus.Chunk(RepairedAtOnce))
        {
            await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
            await StockStore.LoadSkusAsync(session, part, ct).ConfigureAwait(false); // Takes the locks.
            var rewritten = await PositionReplay.RewriteAsync(session, part, ct).ConfigureAwait(false);
            if (rewritten > 0)
            {
                await ReplanAsync(session, part, ct).ConfigureAwait(false);
            }

            await session.CommitAsync(ct).ConfigureAwait(false);
            (done, repaired) = (done + part.Length, repaired + rewritten);
            await progress(done).ConfigureAwait(false);
        }

        return repaired;
    }

    private async Task ReplanAsync(StorageSession session, SkuId[] skus, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        var set = await StockStore.LoadSkusAsync(session, skus, ct).ConfigureAwait(false);
        foreach (var sku in skus.Where(s => set.FindSku(s) is not null))
        {
            Replanner.Touch(set, sku, now);
        }

        await StockStore.SaveAsync(session, set, "replay", now, ct).ConfigureAwait(false);
    }

    private async Task<(ReplayPage Page, List<WrongCheckpoint> Dropped)> PageAsync(TenantId tenant, SkuId after, int most, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var page = await PositionReplay.CompareAsync(session, after, most, ct).ConfigureAwait(false);
        if (page.Last is not { } last)
        {
            return (page, []);
        }

        var dropped = await LedgerCheckpoints.DropWrongAsync(session, after, last, ct).ConfigureAwait(false);
        foreach (var pools in dropped.Select(d => new PoolRef(d.Sku, d.Location)).Distinct().Chunk(LedgerCheckpoints.PoolsAtOnce))
        {
            await LedgerCheckpoints.MakeAsync(session, pools, time.GetUtcNow() - LedgerCheckpoints.SettledAfter, ct).ConfigureAwait(false);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
        return (page, dropped);
    }

    private static ReplayFindings Add(ReplayFindings so, ReplayPage page, int dropped) => so with
    {
        Skus = so.Skus + page.Skus,
        Positions = so.Positions + page.Pools,
        Entries = so.Entries + page.Entries,
        Differing = so.Differing + page.Differences.Select(d => (d.Sku, d.Location)).Distinct().Count(),
        Differences = [.. so.Differences.Concat(page.Differences).Take(MostListed)],
        DifferingSkus = [.. so.DifferingSkus.Concat(page.Differences.Select(d => d.Sku).Distinct()).Take(MostSkus)],
        CheckpointsDropped = so.CheckpointsDropped + dropped,
    };

    private async Task ReportAsync(TenantId tenant, ReplayFindings found, CancellationToken ct)
    {
        var positions = found.Differences.GroupBy(d => (d.Sku, d.Location)).ToList();
        foreach (var position in positions.Take(MostIncidents))
        {
            var (sku, location) = position.Key;
            var figures = string.Join("; ", position.Select(d => string.Create(
                CultureInfo.InvariantCulture, $"{d.Figure} is {d.Position}, the ledger says {d.Ledger}")));
            await OpenAsync(
                tenant, string.Create(CultureInfo.InvariantCulture, $"{Kind}:{sku.Value}:{location.Value}"), Kind,
                string.Create(CultureInfo.InvariantCulture, $"The position at location {location.Value} is not what its ledger entries add up to: {figures}."),
                sku, ct).ConfigureAwait(false);
        }

        if (found.Differing > MostIncidents)
        {
            await OpenAsync(
                tenant, Kind, Kind,
                string.Create(CultureInfo.InvariantCulture, $"{found.Differing} positions are not what their ledger entries add up to; a replay run lists them."),
                null, ct).ConfigureAwait(false);
        }

        if (found.CheckpointsDropped > 0)
        {
            await OpenAsync(
                tenant, "checkpoint-differs", "checkpoint-differs",
                string.Create(CultureInfo.InvariantCulture, $"{found.CheckpointsDropped} checkpoints of the ledger were wrong and have been made again; explanations of the past may have been wrong until now."),
                null, ct).ConfigureAwait(false);
        }
    }

    private Task OpenAsync(TenantId tenant, string key, string kind, string message, SkuId? sku, CancellationToken ct) =>
        channels.OpenIncidentAsync(tenant, new Incident(key, kind, message, null, sku, null, time.GetUtcNow()), ct);
}
