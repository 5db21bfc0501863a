using System.Collections.Immutable;

namespace SyncFlow.Core.Oversells;

/// <summary>
/// Proposes how a shortage is settled: first ship lines from where units are spare, then cancel what is left. Lines are
/// taken in the order of the merchant's rules; ties by reference, so the same shortage always gets the same proposal.
/// </summary>
public static class SettlementProposals
{
    /// <summary>A proposal for <paramref name="units"/> units.</summary>
    /// <param name="lines">Open lines promised units of the short group.</param>
    /// <param name="spares">Units of other groups.</param>
    public static SettlementProposal For(
        int units, IEnumerable<PromisedLine> lines, IEnumerable<SpareUnits> spares, SettlementRules rules)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(units);
        ArgumentNullException.ThrowIfNull(lines);
        ArgumentNullException.ThrowIfNull(spares);
        ArgumentNullException.ThrowIfNull(rules);
        var ranked = Rank(lines, rules.Ranking);
        var actions = ImmutableArray.CreateBuilder<SettlementAction>();
        var left = Resource(units, ranked, spares, rules.MaySplit, actions);
        left = Cancel(left, ranked, rules.MaySplit, actions);
        return new SettlementProposal(actions.ToImmutable(), Math.Max(0, left));
    }

    private static int Resource(
        int left, List<PromisedLine> lines, IEnumerable<SpareUnits> spares, bool maySplit,
        ImmutableArray<SettlementAction>.Builder actions)
    {
        var there = spares.Where(s => s.Units > 0).OrderByDescending(s => s.Units).ThenBy(s => s.Location.Value).ToList();
        for (var i = 0; i < lines.Count && left > 0; i++)
        {
            var line = lines[i];
            var at = there.FindIndex(s => s.Units >= line.Units);
            at = at < 0 && maySplit ? there.FindIndex(s => s.Units > 0) : at;
            if (at < 0)
            {
                continue;
            }

            var part = maySplit ? Math.Min(left, Math.Min(line.Units, there[at].Units)) : line.Units;
            there[at] = there[at] with { Units = there[at].Units - part };
            actions.Add(Action(SettlementKind.Resource, line, part, there[at].Location));
            left -= part;
            lines[i] = line with { Units = line.Units - part };
        }

        lines.RemoveAll(l => l.Units == 0);
        return left;
    }

    /// <summary>Lines that fit are cancelled first; one larger than what is left only when no line fits.</summary>
    private static int Cancel(
        int left, List<PromisedLine> lines, bool maySplit, ImmutableArray<SettlementAction>.Builder actions)
    {
        while (left > 0 && lines.Count > 0)
        {
            var at = maySplit ? 0 : Math.Max(0, lines.FindIndex(l => l.Units <= left));
            var part = maySplit ? Math.Min(left, lines[at].Units) : lines[at].Units;
            actions.Add(Action(SettlementKind.Cancel, lines[at], part, null));
            left -= part;
            lines.RemoveAt(at);
        }

        return left;
    }

    private static SettlementAction Action(SettlementKind kind, PromisedLine line, int units, LocationId? to) =>
        new(kind, line.Connection, line.OrderRef, line.LineRef, units, to) { Value = line.ValueOf(units) };

    private static List<PromisedLine> Rank(IEnumerable<PromisedLine> promised, ImmutableArray<SettlementRank> ranking)
    {
        var lines = promised.ToList();
        var isOneCurrency = lines.Select(l => l.Price?.Currency).OfType<string>().Distinct().Count() <= 1;
        var ranked = lines.OrderBy(_ => 0);
        foreach (var rank in ranking)
        {
            ranked = rank switch
            {
                SettlementRank.LowPriorityFirst => ranked.ThenByDescending(l => l.Priority),
                SettlementRank.LaterFirst => ranked.ThenByDescending(l => l.PlacedAt),
                SettlementRank.LowestValueFirst => isOneCurrency
                    ? ranked.ThenBy(l => l.ValueOf(l.Units)?.Amount ?? decimal.MaxValue)
                    : ranked,
                SettlementRank.FewestUnitsFirst => ranked.ThenBy(l => l.Units),
                _ => throw new ArgumentOutOfRangeException(nameof(ranking), rank, "Unknown rank."),
            };
        }

        return
        [
            .. ranked.ThenBy(l => l.Connection.Value).ThenBy(l => l.OrderRef, StringComparer.Ordinal)
                .ThenBy(l => l.LineRef, StringComparer.Ordinal),
        ];
    }
}
