using Shouldly;
using SyncFlow.Api.Webhooks;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class ReadingRoomTests
{
    private const int Least = ReadingLimits.Least;

    private readonly TestClock clock = new();
    private readonly ReadingRoom room;
    private int stopped;

    public ReadingRoomTests() => room = new ReadingRoom(
        new ReadingLimits(8 * Least, 4 * Least, Large: Least, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5)), clock);

    [Fact]
    public void Small_bodies_count_something_and_an_owner_has_his_share_only()
    {
        var own = Enumerable.Range(0, 4).Select(_ => Enter(1, 10)).ToList();
        own.ShouldAllBe(place => place != null);
        room.Taken.ShouldBe(4 * Least);
        Enter(1, 10).ShouldBeNull();
        Enumerable.Range(0, 4).Select(_ => Enter(2, 10)).ShouldAllBe(place => place != null);
        Enter(3, 10).ShouldBeNull("the house is full");
        own[0]!.Dispose();
        own[0]!.Dispose();
        room.Taken.ShouldBe(7 * Least, "a place is given back once");
        Enter(3, 10).ShouldNotBeNull();
    }

    [Fact]
    public void Large_bodies_leave_a_quarter_to_the_usual_ones()
    {
        Enter(1, 2 * Least).ShouldNotBeNull();
        Enter(1, 2 * Least).ShouldBeNull();
        Enter(1, Least).ShouldNotBeNull();
        Enter(1, Least).ShouldNotBeNull();
    }

    [Fact]
    public void Who_keeps_others_out_beyond_patience_goes_the_eldest_first_and_no_more_than_needed()
    {
        var places = Enumerable.Range(0, 4).Select(_ => Enter(1, Least)!).ToList();
        clock.Advance(TimeSpan.FromSeconds(1));
        Enter(1, Least).ShouldBeNull("nobody is beyond it yet");
        clock.Advance(TimeSpan.FromSeconds(1));
        Enter(2, Least).ShouldNotBeNull();
        places.ShouldAllBe(place => place.Ended == PlaceEnd.None, "there was room for another owner's");
        Enter(1, Least).ShouldNotBeNull();
        places.Select(place => place.Ended).ShouldBe([PlaceEnd.SentAway, PlaceEnd.None, PlaceEnd.None, PlaceEnd.None]);
        stopped.ShouldBe(1);
        room.Taken.ShouldBe(5 * Least);
        places[0].Dispose();
        room.Taken.ShouldBe(5 * Least, "its room was another's already");
    }

    [Fact]
    public void Nobody_stays_longer_than_the_longest()
    {
        using var place = Enter(1, Least)!;
        var gone = Enter(1, Least)!;
        gone.Dispose();
        clock.Advance(TimeSpan.FromSeconds(4));
        place.Ended.ShouldBe(PlaceEnd.None);
        clock.Advance(TimeSpan.FromSeconds(1));
        place.Ended.ShouldBe(PlaceEnd.TooSlow);
        stopped.ShouldBe(1, "whose room was given back reads something else by now");
    }

    private ReadingRoom.Place? Enter(long owner, int bytes) => room.Enter(owner, bytes, () => stopped++);
}
