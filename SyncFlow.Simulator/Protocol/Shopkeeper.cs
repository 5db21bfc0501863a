using System.Collections.Immutable;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;

namespace SyncFlow.Simulator.Protocol;

/// <summary>What a merchant does to his rules while everything runs, each a probability per minute.</summary>
/// <param name="Rules">He changes what a SKU's channels may have, or takes those rules back.</param>
/// <param name="Modes">He changes how a SKU is shared.</param>
/// <param name="Policies">He changes a SKU's safety buffer, its risk budget, or the times in which it is kept in guard.</param>
/// <param name="Freezes">He freezes one channel or all, its increases or all writes, or a source freezes; some minutes later it is over.</param>
internal readonly record struct MerchantHabits(double Rules, double Modes, double Policies, double Freezes);

/// <summary>A merchant at his settings. What he does is planned in the same transaction, as in production.</summary>
internal sealed class Shopkeeper
{
    private const int LargestBuffer = 3;

    private static readonly SharingMode[] Modes = [SharingMode.Shared, SharingMode.Guard, SharingMode.Adaptive];

    private readonly WorldSettings _settings;
    private readonly MemoryStore _store;
    private readonly Pipeline _pipeline;
    private readonly IReadOnlyList<ChannelDesk> _desks;
    private readonly Agenda _agenda;
    private readonly Random _random;
    private readonly Tally _tally;
    private readonly Action _told;
    private int _version;

    /// <param name="told">Wakes whoever looks at levels after a switch.</param>
    public Shopkeeper(
        WorldSettings settings, MemoryStore store, Pipeline pipeline, IReadOnlyList<ChannelDesk> desks, Agenda agenda, Tally tally, Action told)
    {
        (_settings, _store, _pipeline, _desks, _agenda, _tally, _told) = (settings, store, pipeline, desks, agenda, tally, told);
        _random = new Random(unchecked((settings.Seed * 31) + 2_202));
        for (var minute = 0; minute < settings.Minutes && settings.Habits != default; minute++)
        {
            agenda.In(TimeSpan.FromMinutes(minute + _random.NextDouble()), Settle);
        }
    }

    /// <summary>The last freeze is over.</summary>
    public void Calm()
    {
        Brake(_desks, BrakeStrength.None);
        FreezeSource(new LocationId(0), on: false);
    }

    private void Settle()
    {
        var item = _random.Next(_settings.Items);
        if (Chance(_settings.Habits.Rules))
        {
            var rules = _random.NextDouble() < 0.2 ? null : Rules(item);
            _tally.Add(rules is null ? "allocation rules taken back" : "allocation rules changed");
            Change(item, p => p with { Allocation = rules });
        }

        if (Chance(_settings.Habits.Modes))
        {
            var mode = Modes[_random.Next(Modes.Length)];
            _tally.Add("sharing modes changed");
            Change(item, p => p with { Mode = mode });
        }

        if (Chance(_settings.Habits.Policies))
        {
            SetPolicy(item);
        }

        if (Chance(_settings.Habits.Freezes))
        {
            Freeze();
        }
    }

    private bool Chance(double probability) => _random.NextDouble() < probability;

    private void SetPolicy(int item)
    {
        switch (_random.Next(3))
        {
            case 0:
                var buffer = _random.Next(LargestBuffer + 1);
                _tally.Add("safety buffers changed");
                Change(item, p => p with { SafetyBuffer = buffer });
                break;
            case 1:
                var budget = _random.Next(30);
                _tally.Add("risk budgets changed");
                Change(item, p => p with { RiskBudget = budget });
                break;
            default:
                var launch = new Launch(_agenda.Now + TimeSpan.FromMinutes(_random.Next(3)), _agenda.Now + TimeSpan.FromMinutes(_random.Next(3, 8)));
                _tally.Add("launches arranged");
                Change(item, p => p with { Launches = [.. p.Launches, launch] });
                break;
        }
    }

    /// <summary>Rules that a merchant may save: some channels have percents, caps, minimums, reserves, weights or priorities.</summary>
    private AllocationPolicy Rules(int item)
    {
        var (percents, rules) = (100, ImmutableArray.CreateBuilder<ChannelRule>());
        for (var number = 1; number <= _settings.Channels; number++)
        {
            var rule = new ChannelRule(new ConnectionId(number));
            if (Chance(0.3))
            {
                var percent = _random.Next(percents + 1);
                percents -= percent;
                rule = rule with { Percent = percent };
            }
            else if (Chance(0.3))
            {
                rule = rule with { Weight = 0.1 + (_random.NextDouble() * 5) };
            }

            rule = rule with
            {
                Reserve = Chance(0.3) ? _random.Next(6) : 0,
                Minimum = Chance(0.3) ? _random.Next(6) : 0,
                Priority = Chance(0.2) ? _random.Next(5) : null,
            };
            rules.Add(Chance(0.3) ? rule with { Cap = Math.Max(rule.Reserve, rule.Minimum) + _random.Next(10) } : rule);
        }

        return PolicyChecks.Of(rules.ToImmutable(), _store.Context.Channels.Keys.ToHashSet()) is [var fault, ..]
            ? throw new InvalidOperationException($"No merchant could save this: {fault}")
            : new AllocationPolicy(PolicyScope.Sku, _settings.SkuOf(item).Value, ++_version, null, rules.ToImmutable());
    }

    private void Change(int item, Func<SkuPolicy, SkuPolicy> change)
    {
        var id = _settings.SkuOf(item);
        var set = _store.LoadSkus([id]);
        var sku = set.FindSku(id)!;
        set.Put(sku with { Policy = change(sku.Policy) });
        Replanner.Touch(set, id, _agenda.Now);
        if (!_pipeline.Commit(set))
        {
            _agenda.In(TimeSpan.FromSeconds(1), () => Change(item, change));
        }
    }

    private void Freeze()
    {
        var over = TimeSpan.FromMinutes(_random.Next(1, 6));
        var brake = Chance(0.5) ? BrakeStrength.Increases : BrakeStrength.AllWrites;
        switch (_random.Next(3))
        {
            case 0:
                _tally.Add("sources frozen, and thawed");
                FreezeSource(new LocationId(0), on: true);
                _agenda.In(over, () => FreezeSource(new LocationId(0), on: false));
                return;
            case 1:
                _tally.Add("freezes of all channels, and their end");
                Freeze(_desks, brake, over);
                return;
            default:
                _tally.Add(brake == BrakeStrength.Increases ? "freezes of a channel's increases, and their end" : "freezes of all a channel's writes, and their end");
                Freeze([_desks[_random.Next(_settings.Channels)]], brake, over);
                return;
        }
    }

    private void Freeze(IReadOnlyList<ChannelDesk> desks, BrakeStrength brake, TimeSpan over)
    {
        Brake(desks, brake);
        _agenda.In(over, () => Brake(desks, BrakeStrength.None));
    }

    private void Brake(IReadOnlyList<ChannelDesk> desks, BrakeStrength brake)
    {
        foreach (var desk in desks)
        {
            desk.SetBrake(brake);
        }

        _told();
    }

    private void FreezeSource(LocationId location, bool on)
    {
        var context = _store.Context;
        if (context.Locations[location].SourceFrozen != on)
        {
            _store.Context = context with { Locations = context.Locations.SetItem(location, context.Locations[location] with { SourceFrozen = on }) };
            _desks[0].Replan();
            _told();
        }
    }
}
