using System.Collections.Immutable;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using Xunit;

namespace SyncFlow.Tests.Core.Explaining;

public sealed class AccountTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Belief_is_accounted_for_from_the_last_reading_that_moved_it()
    {
        // Oldest first: read as 12, two sold, one put back, a push of 5 down; then the reading that found one missing.
        LevelRecord[] rows =
        [
            Row(0, 12, "baseline"), Row(1, 10, "orders/create", sold: 2), Row(2, 11, "refunds/create", sold: 2, putBack: 1),
            Row(3, 6, "settle", sold: 2, putBack: 1, pushed: -5), Row(4, 5, "read", sold: 2, putBack: 1, pushed: -5),
            Row(5, 2, "orders/create", sold: 5, putBack: 1, pushed: -5),
        ];
        BeliefAccount.Of([.. rows.Take(4).Reverse()]).ShouldBe(new BeliefAccount(6, 12, At, "baseline", false, 2, 1, -5));
        BeliefAccount.Of([.. rows.Reverse()]).ShouldBe(new BeliefAccount(2, 5, At.AddMinutes(4), "read", true, 3, 0, 0));
        BeliefAccount.Of([Row(0, null, "import")]).ShouldBeNull();
        BeliefAccount.Of([]).ShouldBeNull();
    }

    [Fact]
    public void Parked_units_are_accounted_for_since_there_were_as_many()
    {
        LevelRecord[] rows =
        [
            Row(0, 10, "baseline"), Row(1, 5, "settle") with { Parked = 5, Owed = 0 }, Row(2, 5, "orders/updated") with { Parked = 5, Owed = -2 },
            Row(3, 5, "settle") with { Parked = 3, Owed = 0 }, Row(4, 4, "orders/create", sold: 1) with { Parked = 3, Owed = 0 },
        ];
        ParkAccount.Of([.. rows.Reverse()]).ShouldBe(new ParkAccount(3, 0, 5, At.AddMinutes(3), "settle"));
        ParkAccount.Of([.. rows.Take(3).Reverse()]).ShouldBe(new ParkAccount(5, -2, 0, At.AddMinutes(1), "settle"));
        ParkAccount.Of([rows[2]]).ShouldBe(new ParkAccount(5, -2, null, At.AddMinutes(2), "orders/updated"));
        ParkAccount.Of([rows[0]]).ShouldBeNull();
    }

    [Fact]
    public void A_stop_is_told_until_the_level_came_back_and_a_release_with_who_and_why()
    {
        static LevelRecord With(int minute, LevelStatus status, string cause) => Row(minute, 10, cause) with { Status = status };

        LevelRecord[] rows =
        [
            With(0, LevelStatus.Live, "plan"), With(1, LevelStatus.Blocked, "settle"), With(2, LevelStatus.Blocked, "orders/create"),
            With(3, LevelStatus.Released, "released by Ann: stocked again"), With(4, LevelStatus.Live, "level.readings"),
        ];
        StopAccount? Told(int count) => StopAccount.Of([.. rows.Take(count).Reverse()]);
        Told(1).ShouldBeNull();
        Told(3).ShouldBe(new StopAccount(LevelStatus.Blocked, At.AddMinutes(1), "settle", false));
        Told(4).ShouldBe(new StopAccount(LevelStatus.Released, At.AddMinutes(3), "released by Ann: stocked again", false));
        Told(5).ShouldBe(new StopAccount(LevelStatus.Released, At.AddMinutes(3), "released by Ann: stocked again", true));
        Told(3)!.Sentence("A at L1", new LevelId(7)).ShouldContain("until a person releases level 7");
        Told(4)!.Sentence("A at L1", new LevelId(7)).ShouldBe(
            "A at L1 was released by Ann: stocked again, at 2026-01-02 08:03:00; it is published again once an exact reading has told what it shows.");
        StopAccount.Of([rows[4], rows[1]]).ShouldBeNull("it came back another way");
    }

    [Theory]
    [InlineData(PushKind.Set, 8, 5, "from 8 to 5")]
    [InlineData(PushKind.Move, 8, 5, "from 8 to 5, 3 of them parked")]
    [InlineData(PushKind.Move, 5, 8, "from 5 to 8, by 3 that were parked")]
    [InlineData(PushKind.Adjust, 5, 5, "of its parked units and its on-hand alone")]
    public void A_push_says_what_it_was_to_do(PushKind kind, int from, int to, string words) =>
        new PushRecord(Guid.Empty, new LevelId(1), from, to, At, null, null, null, null, null, 1, kind).Change.ShouldBe(words);

    [Fact]
    public void Rows_from_before_totals_were_kept_begin_an_account_of_their_own()
    {
        var old = Row(0, 12, "baseline") with { SoldTotal = null, PutBackTotal = null, PushedTotal = null };
        BeliefAccount.Of([Row(1, 12, "orders/create", sold: 3), old])!.StartedAt.ShouldBe(At.AddMinutes(1));
    }

    [Fact]
    public void A_time_of_another_day_is_told_with_its_day()
    {
        var push = new PushRecord(
            Guid.Empty, new LevelId(1), 5, 3, At.AddMinutes(950), At, ElementOutcome.Acknowledged, null, At.AddMinutes(957), At.AddMinutes(990), 1);
        push.Progress.ShouldBe("acknowledged 23:57:00, proven by a reading at 2026-01-03 00:30:00");
        Words.Time(At, At.AddHours(1)).ShouldBe("08:00:00");
        Words.Time(At.ToOffset(TimeSpan.FromHours(9)), At).ShouldBe("08:00:00", "always UTC");
    }

    [Fact]
    public void Every_reason_has_words_and_every_entry_a_sentence()
    {
        var names = new StockNames(ImmutableDictionary<LocationId, string>.Empty, ImmutableDictionary<ConnectionId, string>.Empty);
        foreach (var reason in Enum.GetValues<EntryReason>())
        {
            var entry = new LedgerEntry(new SkuId(1), new LocationId(2), Bucket.OnHand, -1, reason, "thing:7", null, null, null, At);
            Words.Of(entry, names).ShouldEndWith(": 1 fewer on hand at location 2");
        }

        var order = new LedgerEntry(
            new SkuId(1), new LocationId(2), Bucket.Committed, 3, EntryReason.Order, "order:7:gid://shopify/Order/5512", null, new ConnectionId(7), null, At);
        Words.Of(order, names).ShouldBe("Order 5512 on connection 7: 3 more committed to open orders at location 2");
    }

    private static LevelRecord Row(int minute, int? belief, string cause, long sold = 0, long putBack = 0, long pushed = 0) => new(
        At.AddMinutes(minute), cause, LevelStatus.Live, EffectiveMode.Shared, belief, belief, belief, At, 0, 0, 0, null, null, null, sold, putBack, pushed);
}
