using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Requests;
using SyncFlow.Tests.Core.Support;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Requests;

/// <summary>
/// Random worlds of one guarded SKU on three channels that really sell, with orders that are told late or never, writes
/// that do not happen, and requests beside them: what channels show must exist beside what is held, at every step.
/// </summary>
public sealed class RequestWorldTests
{
    [Fact]
    public void No_grant_ever_takes_what_a_channel_may_still_sell()
    {
        var (granted, waited, takenOver) = (0, 0, 0);
        Seeds.Run(750, seed =>
        {
            var world = new World(seed);
            world.Run(160);
            granted += world.Granted;
            waited += world.GrantedAfterWaiting;
            takenOver += world.TakenOver;
        });
        TestContext.Current.SendDiagnosticMessage($"{granted} grants, {waited} of them after waiting, {takenOver} taken over by orders");
        waited.ShouldBeGreaterThan(250, "worlds in which nobody waits prove little");
        takenOver.ShouldBeGreaterThan(250);
    }

    private sealed class World
    {
        private const int Channels = 3;

        private readonly Random _random;
        private readonly Desk _desk;
        private readonly int[] _shown = new int[Channels + 1];
        private readonly List<(int Channel, OrderSnapshot Order)> _orders = [];
        private readonly Queue<int> _untold = new();
        private readonly HashSet<long> _waiting = [];
        private int _physical;
        private long _requests;

        public World(int seed)
        {
            _random = new Random(seed);
            _physical = _random.Next(3, 40);
            _desk = new Desk(Channels, _physical, SharingMode.Guard);
            _desk.Touch();
        }

        public int Granted { get; private set; }
        public int GrantedAfterWaiting { get; private set; }
        public int TakenOver { get; private set; }

        private int Held => _desk.State.Requests.Sum(r => r.Held.Sum(h => h.Units));

        public void Run(int steps)
        {
            for (var step = 0; step < steps; step++)
            {
                _desk.Now += TimeSpan.FromSeconds(_random.Next(1, 20));
                var entries = _desk.Ledger.Count;
                Step();
                Check(step, _desk.Ledger.Skip(entries).ToList());
            }
        }

        private void Step()
        {
            var channel = _random.Next(1, Channels + 1);
            switch (_random.Next(100))
            {
                case < 22:
                    Buy(channel);
                    break;
                case < 36:
                    Tell();
                    break;
                case < 62:
                    Publish(channel);
                    break;
                case < 80:
                    Read(channel);
                    break;
                case < 92:
                    Ask();
                    break;
                case < 96:
                    End();
                    break;
                default:
                    _physical += 2;
                    _desk.Receive($"r{_desk.Now.Ticks}", 2);
                    break;
            }
        }

        /// <summary>Some orders carry the reservation of a cart; whether it still holds anything is another matter.</summary>
        private void Buy(int channel)
        {
            var units = _random.Next(1, 4);
            if (_shown[channel] < units)
            {
                return;
            }

            _shown[channel] -= units;
            _physical -= units;
            var order = Desk.Snapshot($"{_orders.Count + 1}", units, _desk.Now) with
            {
                ReservationRef = _requests > 0 && _random.Next(2) == 0 ? $"cart-{_random.NextInt64(1, _requests + 1)}" : null,
            };
            _untold.Enqueue(_orders.Count);
            _orders.Add((channel, order));
        }

        private void Tell()
        {
            if (_untold.TryDequeue(out var index))
            {
                _desk.Order(_orders[index].Channel, _orders[index].Order);
            }
        }

        private void Publish(int channel)
        {
            if (_desk.Plan(channel) is not { } push)
            {
                return;
            }

            var element = push.Elements[0];
            if (_shown[channel] != element.From)
            {
                _desk.Settle(push, ElementOutcome.Stale);
                return;
            }

            if (_random.Next(5) > 0)
            {
                _shown[channel] = element.To; // One in five acknowledged writes never happened.
            }

            _desk.Settle(push, ElementOutcome.Acknowledged);
        }

        /// <summary>Drained: the channel's orders are known before and after.</summary>
        private void Read(int channel)
        {
            foreach (var (at, order) in _orders.Where(o => o.Channel == channel))
            {
                _desk.Order(at, order with { Origin = SnapshotOrigin.Fetch, Version = order.Version with { Authority = 1 } });
            }

            _desk.Read(channel, ReadingKind.Drained, _shown[channel]);
        }

        private void Ask()
        {
            var line = RequestLine.Asking(new RequestId(++_requests), 1, $"cart-{_requests}", _random.Next(1, 9), null);
            var (before, entries) = (_desk.State, _desk.Ledger.Count);
            var outcome = _desk.Run(set => RequestRules.Ask(set, [(Desk.Sku, line)], _random.Next(4) > 0, _desk.Now));
            switch (outcome.Answer)
            {
                case RequestAnswer.Refused:
                    _desk.Arrange(_ => before);
                    _desk.Ledger.RemoveRange(entries, _desk.Ledger.Count - entries);
                    break;
                case RequestAnswer.Waiting:
                    _waiting.Add(_requests);
                    break;
            }
        }

        private void End()
        {
            if (_desk.State.Requests.FirstOrDefault(r => r.IsOpen) is { } line)
            {
                _desk.Run(set =>
                {
                    RequestRules.End(set, Desk.Sku, line, RequestLineState.Expired, _desk.Now);
                    SyncFlow.Core.Engine.Replanner.Replan(set, _desk.Now);
                    return 0;
                });
            }
        }

        private void Check(int step, List<LedgerEntry> entries)
        {
            var grants = entries.Where(e => e.Reason == EntryReason.ReservationHeld).ToList();
            Granted += grants.Count;
            GrantedAfterWaiting += grants.Count(e => _waiting.Contains(long.Parse(e.FactKey.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture)));
            TakenOver += entries.Count(e => e.Reason == EntryReason.ReservationCommitted);
            if (grants.Count > 0)
            {
                _desk.Exposure.UpperBound.ShouldBeLessThanOrEqualTo(Math.Max(0, _desk.Exposure.Available), $"step {step}: a grant took shown units");
            }

            _desk.Position.Reserved.ShouldBe(Held, $"step {step}: the bucket is what is held");
            _shown.Sum().ShouldBeLessThanOrEqualTo(Math.Max(0, _physical - Held), $"step {step}: channels show {_shown.Sum()} of {_physical} units, {Held} of them held");
        }
    }
}
