using System.Globalization;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Operations;
using SyncFlow.Tests.Core.Support;

namespace SyncFlow.Tests.Core.Counts;

/// <summary>Facts about <see cref="CountDesk"/>'s SKU, at minutes of one day.</summary>
internal static class CountFacts
{
    public static DateTimeOffset At(int minute) => new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero).AddMinutes(minute);

    public static StockOperation Receive(string key, int units, int at) => Operation(OperationKind.Receipt, key, units, at);

    public static StockOperation WriteOff(string key, int units, int at) => Operation(OperationKind.WriteOff, key, units, at);

    public static StockOperation Operation(
        OperationKind kind, string key, int units, int at, StockCondition from = StockCondition.Available,
        StockCondition to = StockCondition.Available) =>
        new(key, null, At(at), CountDesk.Sku, OperationLegs.Of(kind, CountDesk.Main, units, from, to));

    public static CountTaken Count(string key, int counted, int at) => new(key, null, At(at), CountDesk.Sku, CountDesk.Main, counted);

    public static CountWithdrawn Withdraw(string count, int at) =>
        new(count + ":withdrawn", null, At(at), CountDesk.Sku, CountDesk.Main, count);

    public static OrderFact Order(string id, int quantity, int fulfilled, int at) => new(
        $"order:{id}", CountDesk.Channel, null, At(at),
        Desk.Snapshot(id, quantity, At(at), open: quantity - fulfilled, fulfilled: fulfilled, variant: "v1"));

    /// <summary>Some 15 facts: operations, orders that ship at once or later, counts (also two of one moment), withdrawals.</summary>
    public static List<Fact> Random(Random random)
    {
        var facts = new List<Fact> { Receive("r0", random.Next(10, 60), at: 0) };
        for (var i = 1; i <= 12; i++)
        {
            var key = i.ToString(CultureInfo.InvariantCulture);
            var minute = random.Next(1, 20);
            switch (random.Next(6))
            {
                case 0:
                    facts.Add(Receive("r" + key, random.Next(1, 9), minute));
                    break;
                case 1:
                    facts.Add(WriteOff("w" + key, random.Next(1, 9), minute));
                    break;
                case 2:
                    facts.Add(Order("o" + key, 3, fulfilled: 0, minute));
                    facts.Add(Order("o" + key, 3, fulfilled: 3, minute + random.Next(1, 5)));
                    break;
                case 3 or 4:
                    facts.Add(Count("c" + key, random.Next(0, 40), minute));
                    break;
                default:
                    facts.Add(Count("x" + key, random.Next(0, 40), minute));
                    facts.Add(Withdraw("x" + key, minute));
                    break;
            }
        }

        return facts;
    }
}
