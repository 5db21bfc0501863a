using System.Text.Json.Serialization;

namespace SyncFlow.Simulator.Worlds;

/// <summary>One moment at which more units of a SKU were accepted than existed.</summary>
public sealed record Oversell(string Sku, string Shop, long OrderId, int Units, DateTimeOffset At);

/// <summary>What physically exists of one SKU, over all stores together.</summary>
public sealed class PhysicalStock
{
    public required string Sku { get; init; }

    /// <summary>Units that existed at the start, plus what hand edits declared as physical.</summary>
    public int Physical { get; set; }

    /// <summary>Units accepted orders took.</summary>
    public int Taken { get; set; }

    /// <summary>Units that restocks brought back.</summary>
    public int Returned { get; set; }

    /// <summary>Units accepted beyond what existed at that moment; never falls.</summary>
    public int OversoldUnits { get; set; }

    /// <summary>When and by which orders; the newest <see cref="PhysicalTruth.MaxOversellsKept"/>.</summary>
    [JsonIgnore]
    public List<Oversell> Oversells { get; init; } = [];

    /// <summary>Physical − taken + returned; negative while more is sold than exists.</summary>
    public int Remaining => Physical - Taken + Returned;
}

/// <summary>
/// The world's own count of things, which no store knows: each accepted order takes units, restocks return them, and
/// what was accepted beyond that is oversold. SKUs are compared as texts, over all stores.
/// </summary>
public sealed class PhysicalTruth
{
    /// <summary>Oversell moments kept per SKU.</summary>
    public const int MaxOversellsKept = 100;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, PhysicalStock> _stocks = new(StringComparer.Ordinal);

    /// <summary>Units oversold over all SKUs.</summary>
    public long OversoldUnits { get; private set; }

    /// <summary>Units taken by accepted orders over all SKUs.</summary>
    public long TakenUnits { get; private set; }

    /// <summary>Units returned over all SKUs.</summary>
    public long ReturnedUnits { get; private set; }

    /// <summary>Called under the lock with every stock that changed, so that a journal sees changes in order.</summary>
    internal Action<PhysicalStock>? Changed { get; set; }

    /// <summary>Called under the lock with every oversell, apart from its stock: the list would make each record long.</summary>
    internal Action<Oversell>? Oversold { get; set; }

    /// <summary>Declares units that exist (or, negative, no longer do).</summary>
    public void Declare(string sku, int units)
    {
        lock (_gate)
        {
            var stock = Stock(sku);
            stock.Physical += units;
            Changed?.Invoke(stock);
        }
    }

    /// <summary>Books units that left or came back; returns how many of them did not exist.</summary>
    public int Book(PhysicalMove move, string shop, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(move);
        lock (_gate)
        {
            var stock = Stock(move.Sku);
            var missing = 0;
            if (move.Units >= 0)
            {
                missing = Math.Max(0, move.Units - Math.Max(0, stock.Remaining));
                stock.Taken += move.Units;
                TakenUnits += move.Units;
            }
            else
            {
                stock.Returned -= move.Units;
                ReturnedUnits -= move.Units;
            }

            if (missing > 0)
            {
                stock.OversoldUnits += missing;
                OversoldUnits += missing;
                var oversell = new Oversell(move.Sku, shop, move.OrderId, missing, now);
                Keep(stock, oversell);
                Oversold?.Invoke(oversell);
            }

            Changed?.Invoke(stock);
            return missing;
        }
    }

    /// <summary>One SKU's stock as it is now; null when the world has never had any.</summary>
    public PhysicalStock? Of(string sku)
    {
        lock (_gate)
        {
            return _stocks.TryGetValue(sku, out var stock) ? Copy(stock) : null;
        }
    }

    /// <summary>All stocks, ordered by SKU.</summary>
    public IReadOnlyList<PhysicalStock> All()
    {
        lock (_gate)
        {
            return [.. _stocks.Values.OrderBy(s => s.Sku, StringComparer.Ordinal).Select(Copy)];
        }
    }

    internal void Restore(PhysicalStock stock)
    {
        lock (_gate)
        {
            _stocks.TryGetValue(stock.Sku, out var old);
            OversoldUnits += stock.OversoldUnits - (old?.OversoldUnits ?? 0);
            TakenUnits += stock.Taken - (old?.Taken ?? 0);
            ReturnedUnits += stock.Returned - (old?.Returned ?? 0);
            stock.Oversells.AddRange(old?.Oversells ?? []);
            _stocks[stock.Sku] = stock;
        }
    }

    /// <summary>Restores a moment; one that is known already (from a snapshot) is left out.</summary>
    internal void Restore(Oversell oversell)
    {
        lock (_gate)
        {
            var stock = Stock(oversell.Sku);
            if (!stock.Oversells.Contains(oversell))
            {
                Keep(stock, oversell);
            }
        }
    }

    private static void Keep(PhysicalStock stock, Oversell oversell)
    {
        stock.Oversells.Add(oversell);
        if (stock.Oversells.Count > MaxOversellsKept)
        {
            stock.Oversells.RemoveAt(0);
        }
    }

    private static PhysicalStock Copy(PhysicalStock stock) => new()
    {
        Sku = stock.Sku,
        Physical = stock.Physical,
        Taken = stock.Taken,
        Returned = stock.Returned,
        OversoldUnits = stock.OversoldUnits,
        Oversells = [.. stock.Oversells],
    };

    private PhysicalStock Stock(string sku)
    {
        if (!_stocks.TryGetValue(sku, out var stock))
        {
            stock = new PhysicalStock { Sku = sku };
            _stocks.Add(sku, stock);
        }

        return stock;
    }
}
