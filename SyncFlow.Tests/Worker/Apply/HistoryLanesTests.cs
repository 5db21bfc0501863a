using Shouldly;
using SyncFlow.Core;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Apply;
using Xunit;

namespace SyncFlow.Tests.Worker.Apply;

public sealed class HistoryLanesTests
{
    private static readonly TenantId Tenant = new(1);

    private readonly TestClock _clock = new();
    private readonly HistoryLanes _lanes;

    public HistoryLanesTests() => _lanes = new HistoryLanes(2, _clock);

    [Fact]
    public void History_that_is_alone_is_booked_in_all_lanes_in_large_batches()
    {
        var (one, two, three) = (_lanes.Begin(Tenant), _lanes.Begin(Tenant), _lanes.Begin(Tenant));
        (one.MayTakeHistory, two.MayTakeHistory, three.MayTakeHistory, two.IsAlone).ShouldBe((true, true, false, true));
        _lanes.End(Tenant, one, live: 0, history: 10).ShouldBeTrue("more of it may wait");
        _lanes.End(Tenant, two, live: 0, history: 0).ShouldBeFalse();
    }

    [Fact]
    public void Beside_live_events_one_lane_books_history_in_small_batches_and_the_other_takes_live_ones_only()
    {
        _lanes.End(Tenant, _lanes.Begin(Tenant), live: 3, history: null);
        var history = _lanes.Begin(Tenant);
        (history.MayTakeHistory, history.IsAlone).ShouldBe((true, false));
        _lanes.Begin(Tenant).MayTakeHistory.ShouldBeFalse("one lane is left to what happens now");
        _lanes.End(Tenant, history, live: 0, history: 1);
        _clock.Advance(HistoryLanes.LiveFor);
        (_lanes.Begin(Tenant).IsAlone, _lanes.Begin(Tenant).MayTakeHistory).ShouldBe((true, true), "no live event came for a while");
    }

    [Fact]
    public void History_that_waits_has_the_next_turn_after_live_events()
    {
        _lanes.End(Tenant, _lanes.Begin(Tenant), live: 0, history: 5);
        var turn = _lanes.Begin(Tenant);
        turn.HistoryFirst.ShouldBeFalse("live events go first");
        _lanes.End(Tenant, turn, live: 7, history: null).ShouldBeTrue();
        _lanes.Begin(Tenant).HistoryFirst.ShouldBeTrue("and not twice in a row");
    }

    [Fact]
    public void History_of_which_nothing_is_known_is_looked_for_once_a_second_among_live_events()
    {
        _lanes.End(Tenant, _lanes.Begin(Tenant), live: 7, history: null);
        var soon = _lanes.Begin(Tenant);
        soon.HistoryFirst.ShouldBeFalse();
        _lanes.End(Tenant, soon, live: 7, history: null);
        _clock.Advance(HistoryLanes.LookEvery);
        var later = _lanes.Begin(Tenant);
        later.HistoryFirst.ShouldBeTrue();
        _lanes.End(Tenant, later, live: 7, history: 0);
        _lanes.Begin(Tenant).HistoryFirst.ShouldBeFalse();
    }
}
