using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Storage.Explaining;
using Xunit;

namespace SyncFlow.Tests.Storage.Explaining;

/// <summary>The times of a push are those of one cause: when it happened, was received and was recorded.</summary>
public sealed class PushCauseTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 20, 18, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_sale_that_moved_no_target_is_not_the_oldest_cause_of_the_push_after_it()
    {
        // A sale elsewhere left the level what it has above its share; the receipt after it is what the level was written for.
        var push = Push(At, Entry(2, At), Entry(1, At.AddSeconds(-40)));
        push.OldestCause!.EntryId.ShouldBe(2);
    }

    [Fact]
    public void Of_what_happened_since_the_cause_the_first_one_is_told() =>
        Push(At, Entry(3, At.AddSeconds(2)), Entry(2, At), Entry(1, At)).OldestCause!.EntryId.ShouldBe(1);

    [Fact]
    public void A_cause_that_is_not_among_the_newest_entries_has_no_times() =>
        Push(At, Entry(1, At.AddSeconds(-1))).OldestCause.ShouldBeNull();

    private static CauseOfPush Entry(long id, DateTimeOffset occurred) => new(
        id, occurred.AddSeconds(1),
        new LedgerEntry(new SkuId(1), new LocationId(1), Bucket.OnHand, 1, EntryReason.Receipt, $"receipt:{id}", null, null, id, occurred), null);

    private static ElementProof Push(DateTimeOffset cause, params CauseOfPush[] causes) => new(
        new LevelId(1), new SkuId(1), "SHIRT-M", new ConnectionId(1), new LocationId(1), "i1", "x1", 3, 5, cause, At.AddSeconds(5), 1, null, null,
        null, null, null, [], causes, MoreCauses: false);
}
