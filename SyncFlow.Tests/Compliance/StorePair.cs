using System.Text.Json;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Requests;
using SyncFlow.Tests.Storage;

namespace SyncFlow.Tests.Compliance;

/// <summary>One sequence on both stores, batch by batch.</summary>
internal sealed class StorePair(Random random, StoreUnderTest real, StoreUnderTest memory, int sequence)
{
    private const int Facts = 50;

    private static readonly DateTimeOffset Start = new(2026, 1, 2, 8, 0, 0, TimeSpan.Zero);

    private readonly RandomFacts _facts = new(random, $"s{sequence}", sequence * RandomFacts.Items, memory);
    private readonly HashSet<(ConnectionId, string)> _orders = [];
    private readonly List<SkuId> _skus = [.. memory.Skus.Skip(sequence * RandomFacts.Items).Take(RandomFacts.Items)];
    private readonly List<RequestId> _requests = [];
    private DateTimeOffset _now = Start.AddDays(sequence);

    public async Task RunAsync()
    {
        for (var done = 0; done < Facts;)
        {
            _now = _now.AddMilliseconds(random.Next(1, 60_000));
            var batch = new List<Fact>();
            for (var size = 1 + random.Next(10); size > 0 && done < Facts; size--, done++)
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

            if (random.Next(3) == 0)
            {
                await AskAsync();
            }

            if (_requests.Count > 0 && random.Next(4) == 0)
            {
                await ChangeRequestAsync(_requests[random.Next(_requests.Count)]);
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

    /// <summary>Asks both stores for units of one SKU, or of two, kits among them: all or none.</summary>
    private async Task AskAsync()
    {
        var reference = $"r{sequence}-{_requests.Count}-{_now.Ticks}";
        var lines = _skus.OrderBy(_ => random.Next()).Take(1 + random.Next(2)).Select(s => (Sku: s, Units: 1 + random.Next(4))).ToList();
        var mayWait = random.Next(2) == 0;
        var there = await AskAsync(real, reference, null, lines, mayWait);
        var here = await AskAsync(memory, reference, there.Request, lines, mayWait);
        JsonSerializer.Serialize(here.Outcome).ShouldBe(JsonSerializer.Serialize(there.Outcome), "the answer");
        if (here.Outcome.Answer != RequestAnswer.Refused)
        {
            _requests.Add(there.Request);
            _facts.Reservations.Add(reference);
        }
    }

    private async Task<(RequestOutcome Outcome, RequestId Request)> AskAsync(
        StoreUnderTest store, string reference, RequestId? known, List<(SkuId Sku, int Units)> lines, bool mayWait)
    {
        var (batch, request) = await store.BeginRequestAsync([.. lines.Select(l => l.Sku)], reference, known);
        await using (batch)
        {
            var outcome = RequestRules.Ask(
                batch.Set, [.. lines.Select((l, i) => (l.Sku, RequestLine.Asking(request, i + 1, reference, l.Units, null)))], mayWait, _now);
            if (outcome.Answer != RequestAnswer.Refused)
            {
                await batch.CommitAsync("reservation", _now);
            }

            return (outcome, request);
        }
    }

    /// <summary>A request's open lines are given back, run out, or are taken over by a warehouse, on both stores.</summary>
    private async Task ChangeRequestAsync(RequestId request)
    {
        var change = random.Next(3);
        foreach (var store in new[] { memory, real })
        {
            await using var batch = await store.BeginRequestAsync(_skus, request);
            foreach (var (sku, line) in batch.Set.Skus.SelectMany(s => s.Requests.Where(r => r.IsOpen && r.Request == request).Select(r => (s.Sku, r)))
                .OrderBy(l => l.r.Number).ToList())
            {
                if (change == 2)
                {
                    RequestRules.Allocate(batch.Set, sku, line, _now);
                }
                else
                {
                    RequestRules.End(batch.Set, sku, line, change == 0 ? RequestLineState.Released : RequestLineState.Expired, _now);
                }
            }

            Replanner.Replan(batch.Set, _now);
            await batch.CommitAsync("reservation", _now);
        }
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
