using System.Collections.Immutable;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>
/// Case C44: a channel decides on its total over three locations, and a store takes a whole order from one of them. Channel
/// n's level at place p is level 10·n + p.
/// </summary>
public sealed class TotalCases
{
    [Theory]
    [InlineData(SharingMode.Guard)]
    [InlineData(SharingMode.Shared)]
    public void C44_Five_of_six_are_taken_from_one_place_and_the_others_stay_as_they_are(SharingMode mode)
    {
        var desk = ThreePlaces(mode, channels: 1, each: 2, shown: 2);
        Take(desk, channel: 1, place: 1, units: 5);

        Beliefs(desk, 1).ShouldBe([-3, 2, 2]);
        Targets(desk, 1).ShouldBe([-3, 2, 2], "its total is the one unit that is left");
        desk.State.Levels.ShouldAllBe(l => !l.WantsPush);
        desk.Exposure.ShouldSatisfyAllConditions(
            e => e.Available.ShouldBe(1), e => e.UpperBound.ShouldBe(1), e => e.Units.ShouldBe(0));
        desk.State.OversoldUnits.ShouldBe(0);

        // Two of the missing three are found at the second place: a move that changes no total and is no reason to write.
        desk.Order(1, Assigned(5, (1, 3), (2, 2)));
        Beliefs(desk, 1).ShouldBe([-1, 0, 2]);
        desk.State.Levels.ShouldAllBe(l => !l.WantsPush);
        desk.Exposure.Available.ShouldBe(1);
    }

    [Fact]
    public void C44_What_one_channel_bears_below_zero_is_given_to_no_other()
    {
        var desk = ThreePlaces(SharingMode.Guard, channels: 2, each: 4, shown: 2);
        Take(desk, channel: 1, place: 1, units: 6);

        Beliefs(desk, 1).ShouldBe([-4, 2, 2]);
        desk.Exposure.ShouldSatisfyAllConditions(e => e.Available.ShouldBe(6), e => e.UpperBound.ShouldBe(6), e => e.Units.ShouldBe(0));
        for (var round = 0; round < 10; round++)
        {
            Publish(desk);
            desk.Exposure.Units.ShouldBe(0);
        }

        // Two of the four were shown by channel 2 there, which gives them up; the other two place 1 is short of.
        // So place 2 has two left for both, and what channel 1 shows there for its debt counts against nobody's share.
        Beliefs(desk, 2).ShouldBe([0, 1, 2]);
        Beliefs(desk, 1).ShouldBe([-4, 3, 2]);
        desk.Exposure.UpperBound.ShouldBe(4);
        desk.State.Levels.ShouldAllBe(l => !l.WantsPush);
    }

    [Fact]
    public void C44_A_receipt_at_the_short_place_raises_its_level_first_and_the_others_give_up_what_they_bore()
    {
        var desk = ThreePlaces(SharingMode.Shared, channels: 1, each: 2, shown: 2);
        Take(desk, channel: 1, place: 1, units: 5);
        desk.Receive("receipt", 10);
        for (var round = 0; round < 4; round++)
        {
            Publish(desk);
        }

        Beliefs(desk, 1).ShouldBe([7, 2, 2]);
        desk.Exposure.ShouldSatisfyAllConditions(e => e.Available.ShouldBe(11), e => e.UpperBound.ShouldBe(11));
    }

    [Fact]
    public void R15_A_level_below_zero_takes_nothing_from_the_others_of_a_channel_that_compares_nothing()
    {
        // Found by the simulation (seed 9983): such a channel looks at one level and not at its total.
        var desk = ThreePlaces(SharingMode.Guard, channels: 2, each: 2, shown: 1);
        desk.Configure(1, c => c with { CompareAndSet = false });
        Take(desk, channel: 1, place: 1, units: 3);

        Beliefs(desk, 1).ShouldBe([-2, 1, 1]);
        desk.Exposure.ShouldSatisfyAllConditions(
            e => e.Available.ShouldBe(3), e => e.UpperBound.ShouldBe(5, "two on channel 1, three on channel 2"));
        var asked = desk.Run(set => RequestRules.Ask(
            set, [(Desk.Sku, RequestLine.Asking(new RequestId(1), 1, "hold", 1, null))], mayWait: false, desk.Now));
        asked.Answer.ShouldBe(RequestAnswer.Refused, "both channels may still sell all that there is");
        Targets(desk, 1).Concat(Targets(desk, 2)).Sum(t => Math.Max(0, t ?? 0)).ShouldBeLessThanOrEqualTo(3, "nobody bears a shortage");
    }

    internal static Desk ThreePlaces(SharingMode mode, int channels, int each, int shown)
    {
        var desk = new Desk(channels, each, mode);
        var places = new[] { 1, 2, 3 };
        var external = places.ToImmutableDictionary(p => $"x{p}", p => new LocationId(p));
        for (var n = 1; n <= channels; n++)
        {
            desk.Configure(n, c => c with { Locations = external });
        }

        desk.Context = desk.Context with
        {
            Locations = places.ToImmutableDictionary(p => new LocationId(p), p => new LocationSettings(new LocationId(p), true, 1)),
        };
        desk.Arrange(s => s with
        {
            Pools = [.. places.Select(p => new Pool(new LocationId(p), s.Pools[0].Buckets, true))],
            Levels =
            [
                .. Enumerable.Range(1, channels).SelectMany(n => places.Select(p => s.Levels[n - 1] with
                {
                    Id = Level(n, p), Location = new LocationId(p), Belief = shown, Target = shown,
                })),
            ],
        });
        desk.Touch();
        desk.State.Levels.ShouldAllBe(l => !l.WantsPush);
        return desk;
    }

    private static LevelId Level(int channel, int place) => new((10 * channel) + place);

    private static void Take(Desk desk, int channel, int place, int units) => desk.Order(channel, Assigned(units, (place, units)));

    private static OrderSnapshot Assigned(int units, params (int Place, int Units)[] parts)
    {
        var order = Desk.Snapshot("1", units, new DateTimeOffset(2026, 11, 27, 10, 0, 1, TimeSpan.Zero).AddSeconds(parts.Length), origin: SnapshotOrigin.Fetch);
        return order with
        {
            Lines = [order.Lines[0] with { Assignments = [.. parts.Select(p => new Assignment($"x{p.Place}", p.Units))] }],
        };
    }

    /// <summary>Everything that wants to be said is said, carried out and read.</summary>
    private static void Publish(Desk desk)
    {
        foreach (var level in desk.State.Levels)
        {
            if (desk.Plan((int)level.Connection.Value, level.Id) is { } push)
            {
                desk.Settle(push, SyncFlow.Core.Publishing.ElementOutcome.Acknowledged);
            }

            desk.Now += TimeSpan.FromSeconds(1);
            var state = desk.State.FindLevel(level.Id)!;
            var mark = new Reading(
                state.Id, ReadingKind.Drained, state.Generation, state.Belief!.Value, state.Belief.Value, state.OpenClaims, desk.Now,
                state.SoldTotal, state.PutBackTotal, state.PushedTotal, state.OpenClaims);
            desk.Read((int)state.Connection.Value, mark);
        }
    }

    private static List<int?> Beliefs(Desk desk, int channel) => [.. LevelsOf(desk, channel).Select(l => l.Belief)];

    private static List<int?> Targets(Desk desk, int channel) => [.. LevelsOf(desk, channel).Select(l => l.Target)];

    private static IEnumerable<LevelState> LevelsOf(Desk desk, int channel) =>
        desk.State.Levels.Where(l => l.Connection.Value == channel).OrderBy(l => l.Id.Value);
}
