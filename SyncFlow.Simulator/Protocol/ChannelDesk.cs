using System.Collections.Immutable;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;

namespace SyncFlow.Simulator.Protocol;

/// <summary>One connection: what is stored of it, and what everybody who works on it, one after the other, has in common.</summary>
/// <param name="Index">Its place among the connections of all tenants: what its lease and its workers know it by.</param>
/// <param name="Store">The tenant's state.</param>
/// <param name="Leases">Who may work on it.</param>
/// <param name="Pipeline">Where facts go.</param>
/// <param name="Shop">The channel.</param>
internal sealed record ChannelDesk(
    int Index, MemoryStore Store, LeaseTable Leases, Pipeline Pipeline, Shop Shop, Agenda Agenda, Random Random, WorldSettings Settings, Tally Tally)
{
    private readonly SettleTimes _times = new();

    public ConnectionId Connection { get; } = new(Shop.Number);

    /// <summary>Pushes as they were stored before they were sent.</summary>
    public Dictionary<Guid, Core.Publishing.Push> Pushes { get; } = [];

    /// <summary>Until when each may arrive, as it was last stored.</summary>
    public Dictionary<Guid, DateTimeOffset> Possible { get; } = [];

    /// <summary>Told what the rules must never let happen.</summary>
    public required Action<string> Complain { get; init; }

    /// <summary>Of these, the ones whose answers were lost for good.</summary>
    public HashSet<Guid> Unanswered { get; } = [];

    /// <summary>Writes sent so far.</summary>
    public int Writes { get; set; }

    /// <summary>Readings stored so far.</summary>
    public int Readings { get; set; }

    /// <summary>Faults in force.</summary>
    public WorldFaults Faults { get; private set; } = Settings.Faults;

    public ChannelSettings Channel => Store.Context.Channels[Connection];

    public bool Chance(double probability) => Random.NextDouble() < probability;

    public TimeSpan Between(int fewest, int most) => TimeSpan.FromMilliseconds(Random.Next(fewest, most));

    /// <summary>From now on nothing goes wrong any more.</summary>
    public void Calm() => Faults = new WorldFaults();

    /// <summary>Its levels, with their SKUs.</summary>
    public IEnumerable<(Core.Stock.SkuState Sku, LevelState Level)> Levels()
    {
        foreach (var sku in Store.Skus)
        {
            foreach (var level in sku.Levels)
            {
                if (level.Connection == Connection)
                {
                    yield return (sku, level);
                }
            }
        }
    }

    /// <summary>Whether any level is as asked.</summary>
    public bool Any(Func<LevelState, bool> asked)
    {
        foreach (var sku in Store.Skus)
        {
            foreach (var level in sku.Levels)
            {
                if (level.Connection == Connection && asked(level))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>A decrease was acknowledged: how long that takes is the connection's settle time.</summary>
    public void Measure(IEnumerable<DateTimeOffset> causes)
    {
        foreach (var cause in causes)
        {
            _times.Note(Agenda.Now - cause, Agenda.Now);
        }

        Set(Channel with { SettleSeconds = _times.Seconds(Agenda.Now) });
    }

    /// <summary>The channel refuses our credential (rule R12), or takes it again.</summary>
    public void SetStatus(ConnectionStatus status)
    {
        Set(Channel with { Status = status });
        Replan();
    }

    /// <summary>The merchant has units parked on it, or no longer (rule R14).</summary>
    public void SetParking(bool parks)
    {
        Set(Channel with { Parks = parks });
        Replan();
    }

    /// <summary>The merchant froze it, or no longer.</summary>
    public void SetBrake(BrakeStrength brake)
    {
        if (Channel.Brake != brake)
        {
            Set(Channel with { Brake = brake });
            Replan();
        }
    }

    /// <summary>Which of its locations are open, as the channel says now.</summary>
    public void SetPlaces()
    {
        var places = Channel.Locations.AddRange(Channel.ClosedPlaces);
        var open = places.Where(p => !Shop.IsClosed((int)p.Value.Value)).ToImmutableDictionary();
        if (open.Count == Channel.Locations.Count && open.Keys.All(Channel.Locations.ContainsKey))
        {
            return;
        }

        Set(Channel with { Locations = open, ClosedPlaces = places.RemoveRange(open.Keys) });

        // As storage reads it: a location that is closed on every channel fulfils nothing online.
        Store.Context = Store.Context with
        {
            Locations = Store.Context.Locations.ToImmutableDictionary(
                l => l.Key, l => l.Value with { FulfillsOnline = Store.Context.Channels.Values.Any(c => c.IsOpenAt(l.Key)) }),
        };
        Replan();
    }

    /// <summary>Settings changed: everything is planned anew.</summary>
    public void Replan()
    {
        var set = Store.LoadSkus([.. Store.Skus.Select(s => s.Sku)]);
        foreach (var sku in Store.Skus.Select(s => s.Sku).ToList())
        {
            Replanner.Touch(set, sku, Agenda.Now);
        }

        Store.Save(set);
    }

    private void Set(ChannelSettings settings)
    {
        var context = Store.Context;
        Store.Context = context with { Channels = context.Channels.SetItem(Connection, settings) };
    }

    /// <summary>An order as a fact.</summary>
    public OrderFact Fact(OrderSnapshot snapshot) => new(
        $"order:{Shop.Number}:{snapshot.OrderRef}", Connection, null, Agenda.Now,
        Settings.Mistake == Mistake.BypassTakenForClaim ? snapshot with { SourceName = "web" } : snapshot);

    /// <summary>Puts every order that queries show and the ledger does not have as it is into the inbox, then goes on.</summary>
    public void FetchOrders(Action done)
    {
        var unknown = Shop.Orders.Values
            .Where(o => o.VisibleAt <= Agenda.Now)
            .Where(o => Store.FindOrder(Connection, o.Id) is not { Snapshot: not null } known || known.Version.UpdatedAt < o.UpdatedTicks
                || known.Provisional)
            .Select(o => Fact(o.Snapshot(SnapshotOrigin.Fetch))).ToList();
        if (unknown.Count == 0)
        {
            done();
            return;
        }

        var left = unknown.Count;
        foreach (var fact in unknown)
        {
            Pipeline.Deliver(fact, () =>
            {
                if (--left == 0)
                {
                    done();
                }
            });
        }
    }
}
