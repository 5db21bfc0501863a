using Shouldly;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Tests.Support;
using Xunit;
using static SyncFlow.Tests.Core.Counts.CountFacts;

namespace SyncFlow.Tests.Core.Counts;

public sealed class CountTests
{
    [Fact]
    public void A_count_books_the_difference_to_what_the_ledger_had_at_its_time_and_opens_the_pool()
    {
        var desk = new CountDesk();
        desk.Apply(Receive("r1", 10, at: 1));
        desk.Apply(Receive("r2", 5, at: 5));

        desk.Apply(Count("c1", 8, at: 3)).ShouldBe(FactOutcome.Applied);

        desk.Count("c1").Variance.ShouldBe(-2, "the units received at 5 were not there to be counted at 3");
        desk.At(CountDesk.Main).OnHand.ShouldBe(13);
        desk.Ledger[^1].ShouldSatisfyAllConditions(
            e => e.Reason.ShouldBe(EntryReason.CountVariance), e => e.OccurredAt.ShouldBe(At(3)), e => e.FactKey.ShouldBe("c1"));
        new CountDesk().ShouldSatisfyAllConditions(
            d => d.Apply(Count("c", 4, at: 1)).ShouldBe(FactOutcome.Applied), d => d.State.PoolAt(CountDesk.Main).Opened.ShouldBeTrue());
    }

    [Fact]
    public void What_moved_at_the_very_moment_of_a_count_was_not_seen_by_it()
    {
        var desk = new CountDesk();
        desk.Apply(Count("c1", 8, at: 3));
        desk.Apply(Receive("r1", 5, at: 3));
        desk.At(CountDesk.Main).OnHand.ShouldBe(13);
    }

    [Fact]
    public void A_late_fact_from_before_a_count_reopens_it_and_leaves_what_is_there()
    {
        var desk = new CountDesk();
        desk.Apply(Receive("r1", 10, at: 1));
        desk.Apply(Count("c1", 7, at: 4));
        desk.Apply(Count("c2", 7, at: 6));

        desk.Apply(Order("o1", 3, fulfilled: 3, at: 2));

        desk.At(CountDesk.Main).OnHand.ShouldBe(7);
        desk.Count("c1").Variance.ShouldBe(0, "the three units were sold, not lost");
        desk.Count("c2").Variance.ShouldBe(0);
        desk.Ledger.Sum(e => e.Bucket == Bucket.OnHand ? e.Delta : 0).ShouldBe(7);
    }

    [Fact]
    public void A_withdrawal_that_names_a_count_of_another_pool_is_refused_and_leaves_it()
    {
        var desk = new CountDesk();
        desk.Apply(Receive("r1", 10, at: 1));
        desk.Apply(Count("c1", 8, at: 3));

        desk.Apply(Withdraw("c1", at: 3) with { Location = new SyncFlow.Core.LocationId(77) }).ShouldBe(FactOutcome.Refused);

        desk.At(CountDesk.Main).OnHand.ShouldBe(8);
        desk.Count("c1").Withdrawn.ShouldBeFalse();
    }

    [Fact]
    public void A_withdrawn_count_leaves_what_would_be_had_it_never_been_also_when_the_withdrawal_comes_first()
    {
        var desk = new CountDesk();
        desk.Apply(Receive("r1", 10, at: 1));
        desk.Apply(Count("c1", 2, at: 2));
        desk.Apply(Count("c2", 9, at: 3));
        desk.Apply(Withdraw("c1", at: 2)).ShouldBe(FactOutcome.Applied);
        desk.Apply(Withdraw("c1", at: 2)).ShouldBe(FactOutcome.Unchanged);
        (desk.Count("c1").Variance, desk.Count("c2").Variance).ShouldBe((0, -1));
        desk.At(CountDesk.Main).OnHand.ShouldBe(9);
        desk.Apply(Withdraw("c2", at: 3));
        desk.At(CountDesk.Main).OnHand.ShouldBe(10);

        desk.Apply(Withdraw("c3", at: 4)).ShouldBe(FactOutcome.Applied);
        desk.Apply(Count("c3", 0, at: 4)).ShouldBe(FactOutcome.Unchanged);
        desk.At(CountDesk.Main).OnHand.ShouldBe(10);
    }

    [Fact]
    public void A_count_from_before_a_channels_opening_on_hand_is_refused()
    {
        var desk = new CountDesk();
        desk.Apply(new StockMovement("open", null, null, At(5), CountDesk.Sku, CountDesk.Main, Bucket.OnHand, 10, EntryReason.Opening));
        desk.Apply(Count("c1", 3, at: 4)).ShouldBe(FactOutcome.Refused);
        desk.At(CountDesk.Main).OnHand.ShouldBe(10);
        desk.Apply(Count("c2", 3, at: 6)).ShouldBe(FactOutcome.Applied);
        desk.At(CountDesk.Main).OnHand.ShouldBe(3);
    }

    [Fact]
    public void Every_order_of_arrival_of_movements_fulfilments_counts_and_withdrawals_ends_in_the_same_state()
    {
        Fact[] facts =
        [
            Receive("r1", 20, at: 1), Order("o1", 4, fulfilled: 0, at: 2), Order("o1", 4, fulfilled: 4, at: 4), Count("c1", 13, at: 5),
            WriteOff("w1", 2, at: 6), Count("c2", 11, at: 7), Withdraw("c2", at: 7),
        ];
        var expected = Ends(facts);
        expected.OnHand.ShouldBe(11, "13 were counted, then 2 written off; the second count never was");
        foreach (var order in Permutations(facts))
        {
            Ends(order).ShouldBe(expected, string.Join(' ', order.Select(f => f.Key)));
        }
    }

    [Fact]
    public void Random_mixes_in_random_order_and_batches_end_as_in_order_of_occurrence()
    {
        Seeds.Run(400, seed =>
        {
            var random = new Random(seed);
            var facts = CountFacts.Random(random);
            var expected = Ends(facts.OrderBy(f => f.OccurredAt));
            for (var round = 0; round < 4; round++)
            {
                var shuffled = facts.ToArray();
                random.Shuffle(shuffled);
                var desk = new CountDesk();
                foreach (var batch in Batches(shuffled, random))
                {
                    desk.Apply(batch);
                }

                desk.At(CountDesk.Main).ShouldBe(expected);
                foreach (var count in desk.Counts.Where(c => !c.Withdrawn))
                {
                    // Just after a count the ledger shows what was counted; of counts of one moment the last one holds.
                    var moment = desk.Counts.Where(c => !c.Withdrawn && c.AsOf == count.AsOf).ToList();
                    (desk.OnHandBefore(CountDesk.Main, count.AsOf) + moment.Sum(c => c.Variance))
                        .ShouldBe(moment.MaxBy(c => c.Key, StringComparer.Ordinal)!.Counted);
                }
            }
        });
    }

    [Theory]
    [InlineData(100, 95, 5, false)]
    [InlineData(100, 94, 5, true)]
    [InlineData(100, 106, 5, true)]
    [InlineData(0, 0, 5, false)]
    [InlineData(0, 1, 5, true)]
    [InlineData(-3, 0, 5, true)]
    [InlineData(10, 9, 0, true)]
    public void A_variance_is_reviewed_above_the_percentage_of_what_was_expected(int expected, int counted, int percent, bool needed) =>
        CountReview.IsNeeded(expected, counted, percent).ShouldBe(needed);

    private static Buckets Ends(IEnumerable<Fact> facts)
    {
        var desk = new CountDesk();
        foreach (var fact in facts)
        {
            desk.Apply(fact);
        }

        desk.Ledger.GroupBy(e => e.Bucket).ShouldAllBe(g => g.Sum(e => e.Delta) == desk.At(CountDesk.Main)[g.Key]);
        return desk.At(CountDesk.Main);
    }

    private static IEnumerable<Fact[]> Permutations(Fact[] facts) => facts.Length == 1
        ? [facts]
        : facts.SelectMany((first, i) => Permutations([.. facts[..i], .. facts[(i + 1)..]]).Select(rest => (Fact[])[first, .. rest]));

    private static IEnumerable<Fact[]> Batches(Fact[] facts, Random random)
    {
        for (var i = 0; i < facts.Length;)
        {
            var size = Math.Min(facts.Length - i, random.Next(1, 5));
            yield return facts[i..(i + size)];
            i += size;
        }
    }
}
