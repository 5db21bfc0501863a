using System.Text.Json;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Stock;
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
    private const int Sequences = 200;
    private const int FactsInEach = 50;
    private const int SequencesInOneTenant = 25;

    private static readonly DateTimeOffset Start = new(2026, 1, 2, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Random_sequences_end_in_the_same_state_on_both_stores()
    {
        var runs = Sequences / SequencesInOneTenant;
        await using var database = await TestDatabase.CreateAsync(postgres);
        await Seeds.RunAsync(runs, seed => RunAsync(database, seed));
    }

    /// <summary>One tenant; each sequence has two SKUs of its own.</summary>
    private static async Task RunAsync(TestDatabase database, int seed)
    {
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 2 * SequencesInOneTenant, onHand: 20);
        var (real, memory) = (Stores.Postgres(merchant), await Stores.MemoryAsync(merchant));
        var before = (await real.HistoryAsync()).Count;
        for (var sequence = 0; sequence < SequencesInOneTenant; sequence++)
        {
            var pair = new Pair(new Random((seed * 1_000) + sequence), real, memory, sequence);
            await pair.RunAsync();
        }

        foreach (var sku in merchant.Skus)
        {
            Json(await memory.SkuAsync(sku)).ShouldBe(Json(await real.SkuAsync(sku)));
        }

        (await memory.EntriesAsync()).ShouldBe(await real.EntriesAsync());
        (await memory.OpeningsAsync()).ShouldBe((await real.OpeningsAsync()).Skip(merchant.Skus.Count));

        // A batch writes its rows in no order of meaning.
        static string Rows(IEnumerable<LevelFigures> rows) =>
            string.Join('\n', rows.OrderBy(r => r.At).ThenBy(r => r.Level.Value).ThenBy(r => r.Cause, StringComparer.Ordinal));
        Rows(await memory.HistoryAsync()).ShouldBe(Rows((await real.HistoryAsync()).Skip(before)));
    }

    private static string Json(SkuState sku) =>
        JsonSerializer.Serialize(sku with { Pools = [.. sku.Pools.OrderBy(p => p.Location.Value)], Levels = [.. sku.Levels.OrderBy(l => l.Id.Value)] });

    /// <summary>One sequence on both stores, batch by batch.</summary>
    private sealed class Pair(Random random, StoreUnderTest real, StoreUnderTest memory, int sequence)
    {
        private readonly RandomFacts _facts = new(random, $"s{sequence}", sequence * 2, memory);
        private readonly HashSet<(ConnectionId, string)> _orders = [];
        private readonly List<SkuId> _skus = [memory.Skus[sequence * 2], memory.Skus[(sequence * 2) + 1]];
        private DateTimeOffset _now = Start.AddDays(sequence);

        public async Task RunAsync()
        {
            for (var done = 0; done < FactsInEach;)
            {
                _now = _now.AddMilliseconds(random.Next(1, 60_000));
                var batch = new List<Fact>();
                for (var size = 1 + random.Next(10); size > 0 && done < FactsInEach; size--, done++)
                {
                    var states = _skus.ToDictionary(s => s, s => memory.SkuAsync(s).Result);
                    batch.Add(_facts.Next(_now, sku => states[sku]));
                }

                _orders.UnionWith(batch.OfType<OrderFact>().Select(f => (f.From, f.Snapshot.OrderRef)));
                (await ApplyAsync(memory, batch)).ShouldBe(await ApplyAsync(real, batch), "outcomes");
                if (random.Next(2) == 0)
                {
                    await PublishAsync();
                }
            }

            foreach (var (connection, order) in _orders)
            {
                JsonSerializer.Serialize(await memory.OrderAsync(connection, order)).ShouldBe(JsonSerializer.Serialize(await real.OrderAsync(connection, order)));
            }
        }

        private async Task<List<FactOutcome>> ApplyAsync(StoreUnderTest store, List<Fact> facts)
        {
            await using var batch = await store.BeginAsync(FactRefs.Of(facts));
            var outcomes = facts.ConvertAll(fact => FactEngine.Apply(batch.Set, fact, _now));
            Replanner.Replan(batch.Set, _now);
            await batch.CommitAsync("facts", _now);
            return outcomes;
        }

        /// <summary>Plans a push of one channel on both stores and, mostly, settles it with answers of the same luck.</summary>
        private async Task PublishAsync()
        {
            var connection = memory.Connections[random.Next(memory.Connections.Count)];
            var id = new Guid(random.Next(), (short)sequence, 0, new byte[8]);
            var (here, there) = (await PlanAsync(memory, connection, id), await PlanAsync(real, connection, id));
            Json(here).ShouldBe(Json(there), "the plan");
            if (here is null || random.Next(5) == 0)
            {
                return;
            }

            var answers = here.Elements.Select(e => new ElementAnswer(
                e.Level, random.Next(10) < 8 ? ElementOutcome.Acknowledged : ElementOutcome.Stale, null)).ToList();
            _now = _now.AddMilliseconds(300);
            await SettleAsync(memory, here, answers);
            await SettleAsync(real, here, answers);
        }

        private async Task<Push?> PlanAsync(StoreUnderTest store, ConnectionId connection, Guid id)
        {
            await using var batch = await store.BeginAsync(new Refs([], [], [], [.. _skus], [], []));
            var candidates = _skus.SelectMany(s => batch.Set.FindSku(s)!.Levels.Where(l => l.Connection == connection).OrderBy(l => l.Id.Value)
                .Select(l => new PlanCandidate(s, l.Id, $"item-{s.Value}", Merchant.Shelf))).ToList();
            var push = Planner.Plan(batch.Set, connection, candidates, id, _now).Push;
            await batch.CommitAsync("plan", _now);
            return push;
        }

        private async Task SettleAsync(StoreUnderTest store, Push push, List<ElementAnswer> answers)
        {
            await using var batch = await store.BeginAsync(new Refs([], [], [], [.. _skus], [], []));
            Settlement.Settle(batch.Set, push, answers, _now);
            await batch.CommitAsync("settle", _now);
        }

        private static string Json(Push? push) => JsonSerializer.Serialize(push);
    }
}
