using Npgsql;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Ledger;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Benchmarks.Explain;

/// <summary>
/// How long an explanation of the past takes with a long ledger, and how that grows; what a ledger costs on disk; how fast
/// it is replayed. Answers and positions are checked: a wrong one fails the run.
/// </summary>
internal static class ExplainBenchmark
{
    /// <summary>The option that says how many entries the ledger is filled with.</summary>
    public const string EntriesOption = "--entries";

    /// <summary>Entries when the command line says nothing: a run of about a minute.</summary>
    public const long DefaultEntries = 500_000;

    private const long Small = 100_000;
    private const int Skus = 2_000;
    private const int SkusAtOnce = 500;

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        var entries = Math.Max(Small, options[EntriesOption]);
        await using var servers = await BenchServers.StartAsync(options, ct).ConfigureAwait(false);
        var merchant = await BenchMerchant.CreateAsync(servers, "explain", Skus, onHand: 100, time, ct).ConfigureAwait(false);
        using var owner = NpgsqlDataSource.Create(servers.ConnectionString);
        var fill = new LedgerFill(owner, merchant);
        await using var questions = await ExplainQuestions.StartAsync(servers, owner, fill, merchant, time, ct).ConfigureAwait(false);

        await GrowAsync(servers, fill, merchant, Small, time, ct).ConfigureAwait(false);
        var small = await questions.AskAsync(ct).ConfigureAwait(false);
        var checkpoints = await GrowAsync(servers, fill, merchant, entries, time, ct).ConfigureAwait(false);
        var full = await questions.AskAsync(ct).ConfigureAwait(false);

        results.Add("explain.entries", entries, "entries");
        results.Add("explain.p50_ms", At(full, 0.50), "ms");
        results.Add("explain.p95_ms", At(full, 0.95), "ms");
        results.Add("explain.p95_at_100k_ms", At(small, 0.95), "ms");
        results.Add("explain.p95_growth", At(full, 0.95) / At(small, 0.95), "ratio");
        results.AddRate("explain.checkpointed_per_s", (int)(entries - Small), checkpoints, "entries/s");
        results.Add("ledger.bytes_per_entry", (double)await fill.SizeAsync("ledger_entries", ct).ConfigureAwait(false) / entries, "bytes");
        results.Add("ledger.checkpoint_bytes_per_entry", (double)await fill.SizeAsync("ledger_checkpoints", ct).ConfigureAwait(false) / entries, "bytes");
        results.Add("level_history.bytes_per_row", (double)await fill.SizeAsync("level_history", ct).ConfigureAwait(false) / (entries / 4.0), "bytes");
        await ReplayAsync(servers, merchant, results, time, ct).ConfigureAwait(false);
    }

    /// <summary>Fills the ledger up and makes the checkpoints; returns how long those took.</summary>
    private static async Task<TimeSpan> GrowAsync(
        BenchServers servers, LedgerFill fill, BenchMerchant merchant, long entries, TimeProvider time, CancellationToken ct)
    {
        await fill.ToAsync(entries, ct).ConfigureAwait(false);
        using var worker = servers.ForRole(PostgresRole.Worker);
        var started = time.GetTimestamp();
        List<PoolRef> due;
        await using (var session = await StorageSession.OpenAsync(worker, merchant.Tenant, ct).ConfigureAwait(false))
        {
            due = await LedgerCheckpoints.DueAsync(session, fill.End, ct).ConfigureAwait(false);
            await LedgerCheckpoints.NoteAsync(session, fill.End, ct).ConfigureAwait(false);
            await session.CommitAsync(ct).ConfigureAwait(false);
        }

        foreach (var pools in due.Chunk(LedgerCheckpoints.PoolsAtOnce))
        {
            await using var session = await StorageSession.OpenAsync(worker, merchant.Tenant, ct).ConfigureAwait(false);
            await LedgerCheckpoints.MakeAsync(session, pools, fill.End, ct).ConfigureAwait(false);
            await session.CommitAsync(ct).ConfigureAwait(false);
        }

        return time.GetElapsedTime(started);
    }

    /// <summary>Writes the positions from the ledger, then rebuilds and compares all of them.</summary>
    private static async Task ReplayAsync(BenchServers servers, BenchMerchant merchant, Results results, TimeProvider time, CancellationToken ct)
    {
        using var worker = servers.ForRole(PostgresRole.Worker);
        foreach (var skus in merchant.Skus.Chunk(SkusAtOnce))
        {
            await using var session = await StorageSession.OpenAsync(worker, merchant.Tenant, ct).ConfigureAwait(false);
            await StockStore.LoadSkusAsync(session, skus, ct).ConfigureAwait(false);
            await PositionReplay.RewriteAsync(session, skus, ct).ConfigureAwait(false);
            await session.CommitAsync(ct).ConfigureAwait(false);
        }

        var (entries, after, started) = (0L, new SkuId(0), time.GetTimestamp());
        while (true)
        {
            await using var session = await StorageSession.OpenAsync(worker, merchant.Tenant, ct).ConfigureAwait(false);
            var page = await PositionReplay.CompareAsync(session, after, SkusAtOnce, ct).ConfigureAwait(false);
            if (page.Differences.Count > 0)
            {
                throw new CheckFailedException($"replay: {page.Differences.Count} figures differ from the ledger, the first: {page.Differences[0]}.");
            }

            entries += page.Entries;
            if (page.Last is not { } last)
            {
                break;
            }

            after = last;
        }

        results.AddRate("replay.entries_per_s", (int)entries, time.GetElapsedTime(started), "entries/s");
    }

    private static double At(double[] sorted, double part) => sorted[(int)Math.Ceiling(part * sorted.Length) - 1];
}
