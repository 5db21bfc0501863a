using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Explaining;

/// <summary>What locations that may ship for each other owe together to orders that are booked at others (<see cref="Debts"/>).</summary>
/// <param name="Sku">The SKU that is asked about, or a part of it where that is a kit.</param>
/// <param name="Owers">The locations that owe: counted, and on sale.</param>
/// <param name="Available">What is available to sell at them, added up; units of the SKU, signed.</param>
/// <param name="Debts">To whom, and why; at least one.</param>
public sealed record DebtAccount(SkuId Sku, IReadOnlyList<LocationId> Owers, int Available, IReadOnlyList<Debt> Debts)
{
    /// <summary>Units owed.</summary>
    public int Owed => Debts.Sum(d => d.Units);

    /// <summary>One for each group of locations that owes anything at a moment; of a kit for each of its parts.</summary>
    /// <param name="location">The one location that is asked about, or null for all: what it neither owes nor is owed is left out.</param>
    public static IReadOnlyList<DebtAccount> Of(StockMoment moment, LocationId? location)
    {
        ArgumentNullException.ThrowIfNull(moment);
        var accounts = new List<DebtAccount>();
        foreach (var sku in moment.Sku.IsKit ? moment.Sku.Components.Select(c => c.Sku) : [moment.Sku.Sku])
        {
            if (moment.Tied.Find(sku) is { } state)
            {
                accounts.AddRange(AvailableToSell.Groups(state, moment.Context).OrderBy(g => g.Key).Select(g => Of(moment, state, g)));
            }
        }

        accounts.RemoveAll(a => a.Debts.Count == 0 || (location is { } asked && !a.Owers.Contains(asked) && a.Debts.All(d => d.Place != asked)));
        return accounts;
    }

    /// <summary>The same in a sentence.</summary>
    internal string Sentence(StockMoment moment)
    {
        var owers = string.Join(" and ", Owers.Select(moment.Names.Of)) + (Owers.Count == 1 ? " owes" : " owe");
        var which = moment.Sku.IsKit ? " of " + moment.Names.Of(Sku) : "";
        var to = string.Join("; ", Debts.Select(d => Words.Of($"{d.Units} at {moment.Names.Of(d.Place)}, {Because(d.Cause)}")));
        return Words.Of(
            $"{owers} {Words.Units(Owed)}{which} to orders booked elsewhere ({to}), so of {Available} available to sell there {Available - Owed} can be shown.");
    }

    private static DebtAccount Of(StockMoment moment, SkuState sku, PoolGroup group) => new(
        sku.Sku, [.. group.Pools.Select(p => p.Location)], group.Pools.Sum(p => AvailableToSell.Of(p, sku.Policy)),
        Stock.Debts.Each(moment.Tied, sku.Sku, group.Key));

    private static string Because(DebtCause cause) => cause switch
    {
        DebtCause.NobodyCounted => "where nobody has counted in",
        DebtCause.ClosedEverywhere => "which every channel has closed and which has too few",
    };
}
