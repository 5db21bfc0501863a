using System.Text.Json;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Compliance;

/// <summary>
/// The same facts, plans and answers through both stores end in the same positions, levels, orders, entries and history;
/// so what the simulation shows on the one store holds on the other.
/// </summary>
public sealed class StoresAgreeTests(PostgresFixture postgres)
{
    private const int Sequences = 90;
    private const int SequencesInOneTenant = 15;

    private static readonly DateTimeOffset Opening = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Random_sequences_end_in_the_same_state_on_both_stores()
    {
        var runs = Sequences / SequencesInOneTenant;
        await using var database = await TestDatabase.CreateAsync(postgres);
        await Seeds.RunAsync(runs, seed => RunAsync(database, seed));
    }

    /// <summary>
    /// One tenant; each sequence has SKUs of its own: in every second one the last is a kit of the others, in every third
    /// one the first is sold before it is there. In every second tenant returns are looked at first, and in the others units
    /// are parked on the channel that owns on-hand. In every third the other channel compares nothing and is in bounded guard.
    /// </summary>
    private static async Task RunAsync(TestDatabase database, int seed)
    {
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: RandomFacts.Items * SequencesInOneTenant, onHand: 20);
        await ArrangeAsync(merchant, seed);
        var (real, memory) = (Stores.Postgres(merchant), await Stores.MemoryAsync(merchant));
        var (before, opened) = ((await real.HistoryAsync()).Count, (await real.OpeningsAsync()).Count);
        for (var sequence = 0; sequence < SequencesInOneTenant; sequence++)
        {
            var pair = new StorePair(new Random((seed * 1_000) + sequence), real, memory, sequence);
            await pair.RunAsync();
        }

        foreach (var sku in merchant.Skus)
        {
            Json(await memory.SkuAsync(sku)).ShouldBe(Json(await real.SkuAsync(sku)));
        }

        (await memory.RequestsAsync()).Select(r => Text(r.Sku, r.Line)).ShouldBe((await real.RequestsAsync()).Select(r => Text(r.Sku, r.Line)));
        (await memory.CountsAsync()).ShouldBe(await real.CountsAsync());

        // A batch that moves several SKUs appends each one's entries in order; between SKUs there is none.
        var (here, there) = ((await memory.EntriesAsync()).ToLookup(e => e.Sku), (await real.EntriesAsync()).ToLookup(e => e.Sku));
        foreach (var sku in merchant.Skus)
        {
            string.Join('\n', here[sku]).ShouldBe(string.Join('\n', there[sku]), $"entries of {sku}");
        }

        (await memory.OpeningsAsync()).ShouldBe((await real.OpeningsAsync()).Skip(opened));

        // A batch writes its rows in no order of meaning.
        static string Rows(IEnumerable<LevelFigures> rows) =>
            string.Join('\n', rows.OrderBy(r => r.At).ThenBy(r => r.Level.Value).ThenBy(r => r.Cause, StringComparer.Ordinal));
        Rows(await memory.HistoryAsync()).ShouldBe(Rows((await real.HistoryAsync()).Skip(before)));
    }

    /// <summary>A SKU without the lines of its requests: a store need not load those that nothing waits for.</summary>
    private static string Json(SkuState sku) => JsonSerializer.Serialize(sku with
    {
        Pools = [.. sku.Pools.OrderBy(p => p.Location.Value)],
        Levels = [.. sku.Levels.OrderBy(l => l.Id.Value)],
        Requests = [],
    });

    /// <summary>A line without the order that took over other lines of its request: a line learns of it when it is loaded.</summary>
    private static string Text(SkuId sku, RequestLine line) =>
        $"{sku.Value} {JsonSerializer.Serialize(line with { Connection = null, OrderRef = null })}";

    private static async Task ArrangeAsync(Merchant merchant, int seed)
    {
        var kits = Enumerable.Range(0, SequencesInOneTenant).Where(n => n % 2 == 0).Select(n => n * RandomFacts.Items).ToList();
        await using (var session = await merchant.WorkAsync())
        {
            // A kit holds nothing of its own.
            var set = await StockStore.LoadSkusAsync(session, [.. kits.Select(k => merchant.Skus[k + 2])], CancellationToken.None);
            foreach (var sku in set.Skus.ToList())
            {
                var emptied = set.Append(sku, new LedgerEntry(
                    sku.Sku, merchant.Location, Bucket.OnHand, -20, EntryReason.Adjustment, "emptied", null, null, null, Opening));
                set.Put(emptied with { Levels = [.. emptied.Levels.Select(l => l with { Belief = 0, Target = 0 })] });
            }

            await StockStore.SaveAsync(session, set, "emptied", Opening, CancellationToken.None);
            await session.CommitAsync(CancellationToken.None);
        }

        foreach (var first in kits)
        {
            await merchant.Database.ExecuteAsync(
                "INSERT INTO sku_components (tenant_id, kit_sku_id, component_sku_id, units) VALUES ($1, $2, $3, 2), ($1, $2, $4, 1)",
                merchant.Tenant.Value, merchant.Skus[first + 2].Value, merchant.Skus[first].Value, merchant.Skus[first + 1].Value);
        }

        await merchant.Database.ExecuteAsync(
            """
            INSERT INTO preorders (tenant_id, sku_id, location_id, cap, incoming, until, updated_at)
            SELECT $1, s, $3, 6, 9, timestamptz '2100-01-01', now() FROM unnest($2::bigint[]) AS s
            """,
            merchant.Tenant.Value,
            Enumerable.Range(0, SequencesInOneTenant).Where(n => n % 3 == 0).Select(n => merchant.Skus[n * RandomFacts.Items].Value).ToArray(),
            merchant.Location.Value);
        await merchant.Database.ExecuteAsync(
            "UPDATE locations SET inspect_returns = $2 WHERE tenant_id = $1", merchant.Tenant.Value, seed % 2 == 0);
        if (seed % 3 == 2)
        {
            await merchant.Database.ExecuteAsync(
                """
                UPDATE connections SET kind = 'market', settings = settings || '{"boundedGuard": {"lagSeconds": 90, "factor": 3}, "claimingSources": ["web"]}'
                WHERE tenant_id = $1 AND connection_id = $2
                """,
                merchant.Tenant.Value, merchant.Connections[1].Value);
        }

        await merchant.Database.ExecuteAsync(
            "UPDATE connections SET settings = settings || jsonb_build_object('parksUnits', $2::bool) WHERE tenant_id = $1 AND connection_id = $3",
            merchant.Tenant.Value, seed % 2 == 1, merchant.Connections[0].Value);
    }
}
