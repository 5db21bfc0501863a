using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Buyers;

/// <summary>Draws arrivals and follow-ups in the order of their times and carries each out when it is due.</summary>
internal sealed class BuyerLoop
{
    private readonly World _world;
    private readonly BuyerSettings _settings;
    private readonly Random _random;
    private readonly List<(Shop Shop, List<Variant> Variants, ZipfChoice Zipf)> _places = [];
    private readonly PriorityQueue<Action, DateTimeOffset> _followUps = new();

    internal BuyerLoop(World world, BuyerSettings settings, Random random)
    {
        (_world, _settings, _random) = (world, settings, random);
        foreach (var shop in world.Shops.Where(s => settings.Shops.Count == 0 || settings.Shops.Contains(s.Domain)))
        {
            lock (shop.Gate)
            {
                // By SKU, so that what is popular in one store is popular in all.
                var variants = shop.Variants.Where(v => v.Tracked && v.Sku.Length > 0)
                    .OrderBy(v => v.Sku, StringComparer.Ordinal).ToList();
                if (variants.Count > 0)
                {
                    _places.Add((shop, variants, new ZipfChoice(variants.Count, settings.ZipfExponent)));
                }
            }
        }
    }

    internal async Task RunAsync(CancellationToken cancel)
    {
        if (_places.Count == 0)
        {
            return;
        }

        var next = _world.Clock.GetUtcNow() + Gap();
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            var now = _world.Clock.GetUtcNow();
            while (_followUps.TryPeek(out var act, out var due) && due <= now)
            {
                _followUps.Dequeue();
                act();
            }

            if (next <= now)
            {
                Buy(now);
                next += Gap();
                continue;
            }

            var wake = _followUps.TryPeek(out _, out var first) && first < next ? first : next;
            var wait = wake - now;
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait > TimeSpan.FromMilliseconds(1) ? wait : TimeSpan.FromMilliseconds(1), _world.Clock, cancel);
            }
        }
    }

    private TimeSpan Gap() => _settings.OrdersPerSecond == 0
        ? TimeSpan.FromDays(1)
        : TimeSpan.FromSeconds(-Math.Log(1 - _random.NextDouble()) / _settings.OrdersPerSecond);

    private void Buy(DateTimeOffset now)
    {
        var (shop, variants, zipf) = _places[_random.Next(_places.Count)];
        var lines = new List<LineRequest>();
        for (var i = _random.Next(1, _settings.MaxLines + 1); i > 0; i--)
        {
            var variant = variants[zipf.Pick(_random.NextDouble())];
            if (lines.TrueForAll(l => l.VariantId != variant.Id))
            {
                lines.Add(new LineRequest(_random.Next(1, _settings.MaxUnits + 1), variant.Id));
            }
        }

        if (_world.Place(shop, new OrderRequest(lines)).Order is { } order)
        {
            Plan(shop, order.Id, order.Lines[0].Id, now);
        }
    }

    private void Plan(Shop shop, long orderId, long lineId, DateTimeOffset now)
    {
        var draw = _random.NextDouble();
        var due = now.AddMilliseconds(-Math.Log(1 - _random.NextDouble()) * _settings.FollowUpMs);
        if ((draw -= _settings.CancelRate) < 0)
        {
            _followUps.Enqueue(() => Count("cancelled", OrderDesk.Cancel(_world, shop, orderId, restock: true)), due);
        }
        else if ((draw -= _settings.RefundRate) < 0)
        {
            _followUps.Enqueue(
                () => Count("refunded", OrderDesk.Refund(_world, shop, orderId, [new RefundRequest(lineId, 1, "cancel")])), due);
        }
        else if ((draw -= _settings.EditRate) < 0)
        {
            _followUps.Enqueue(() => Count("edited", EditDown(shop, orderId, lineId)), due);
        }
        else if (draw - _settings.FulfillRate < 0)
        {
            _followUps.Enqueue(() => Count("fulfilled", OrderDesk.Fulfill(_world, shop, orderId, null)), due);
        }
    }

    private OrderOutcome EditDown(Shop shop, long orderId, long lineId)
    {
        int now;
        lock (shop.Gate)
        {
            now = shop.OrderById(orderId)!.Lines.Single(l => l.Id == lineId).CurrentQuantity;
        }

        return OrderDesk.Edit(_world, shop, orderId, [new EditStep(lineId, null, Math.Max(0, now - 1))], obeyPolicy: true);
    }

    private void Count(string what, OrderOutcome outcome) =>
        _world.Stats.Count(outcome.Accepted ? $"buyers.{what}" : $"buyers.{what}.refused");
}
