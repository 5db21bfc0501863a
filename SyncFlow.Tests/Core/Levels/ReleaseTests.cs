using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Levels;

/// <summary>Levels whose writes were stopped come back by a person's word, and by an exact reading (rules R5, R10).</summary>
public sealed class ReleaseTests
{
    [Fact]
    public void R5_A_halted_level_is_written_again_once_a_person_released_it_and_a_reading_told_what_it_shows()
    {
        var desk = Halted();
        var generation = desk[1].Generation;

        Release(desk, 1).ShouldBe(FactOutcome.Applied);
        desk[1].ShouldSatisfyAllConditions(
            l => l.Status.ShouldBe(LevelStatus.Released), l => l.Generation.ShouldBe(generation + 1), l => l.FailedVerifications.ShouldBe(0),
            l => l.NeedsReading.ShouldBeTrue(), l => l.UpperBound.ShouldBe(50, "it goes on selling what it shows"));
        desk.Cured.ShouldContain($"unpersisted:{desk[1].Id.Value}");
        desk.Plan(1).ShouldBeNull("nothing is written before it is read");

        desk.Now += TimeSpan.FromSeconds(1);
        desk.Read(1, ReadingKind.Plain, 50);
        desk.Plan(1).ShouldBeNull("a plain reading proves nothing");

        desk.Read(1, ReadingKind.Drained, 50);
        desk[1].Status.ShouldBe(LevelStatus.Live);
        desk.Publish(1).ShouldNotBeNull().From.ShouldBe(50);
        desk.Now += TimeSpan.FromSeconds(5);
        desk.Read(1, ReadingKind.Drained, desk[1].Belief!.Value);
        desk.Exposure.Units.ShouldBe(0);
    }

    [Fact]
    public void R5_A_released_level_is_halted_again_only_after_as_many_failures_as_before()
    {
        var desk = Halted();
        Release(desk, 1);
        desk.Read(1, ReadingKind.Drained, 50);
        for (var failure = 1; failure <= PublishLimits.FailedVerifications; failure++)
        {
            desk[1].Status.ShouldBe(LevelStatus.Live);
            desk.Publish(1).ShouldNotBeNull();
            desk.Now += TimeSpan.FromSeconds(5);
            desk.Read(1, ReadingKind.Drained, 50);
            desk[1].FailedVerifications.ShouldBe(failure);
        }

        desk[1].Status.ShouldBe(LevelStatus.Halted);
    }

    [Fact]
    public void R10_A_blocked_level_gives_nothing_up_and_takes_nothing_until_it_is_read()
    {
        var desk = new Desk(2, 10, SharingMode.Guard, 10, 0);
        desk.Touch();
        desk.Settle(desk.Plan(1).ShouldNotBeNull(), ElementOutcome.Blocked);
        desk[1].Status.ShouldBe(LevelStatus.Blocked);

        Release(desk, 1).ShouldBe(FactOutcome.Applied);
        desk.Cured.ShouldContain($"blocked:{desk[1].Id.Value}");
        desk.Receive("more", 20);
        desk[1].Target.ShouldBeNull("units came, and it is not raised");
        desk[1].UpperBound.ShouldBe(10);
        (desk[2].Target + desk[1].UpperBound).ShouldBe(30, "what it may sell is nobody else's");

        desk.Read(1, ReadingKind.Drained, 7, committed: 0);
        desk[1].ShouldSatisfyAllConditions(l => l.Status.ShouldBe(LevelStatus.Live), l => l.Belief.ShouldBe(7), l => l.Suspense.ShouldBe(3));
        desk.Publish(1).ShouldNotBeNull("the same was refused before and is said anew").From.ShouldBe(7);
    }

    [Fact]
    public void R10_What_appeared_on_a_released_level_is_no_proof_until_a_second_reading_agrees()
    {
        var desk = Blocked();
        Release(desk, 1);
        desk.Read(1, ReadingKind.Drained, 12);
        desk[1].ShouldSatisfyAllConditions(l => l.Status.ShouldBe(LevelStatus.Released), l => l.Surplus.ShouldBe(2), l => l.NeedsReading.ShouldBeTrue());
        desk.Plan(1).ShouldBeNull();

        desk.Now += TimeSpan.FromSeconds(5);
        desk.Read(1, ReadingKind.Drained, 12);
        desk[1].ShouldSatisfyAllConditions(l => l.Status.ShouldBe(LevelStatus.Live), l => l.Belief.ShouldBe(12));
    }

    [Fact]
    public void R13_A_reading_of_before_the_release_changes_nothing()
    {
        var desk = Blocked();
        var before = desk.Mark(1, ReadingKind.Drained) with { Available = 3 };
        Release(desk, 1);

        desk.Read(1, before).ShouldBe(FactOutcome.Older);
        desk[1].ShouldSatisfyAllConditions(l => l.Status.ShouldBe(LevelStatus.Released), l => l.Belief.ShouldBe(10));
    }

    [Fact]
    public void Nothing_is_released_that_is_not_stopped_or_cannot_be_read()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        Release(desk, 1).ShouldBe(FactOutcome.Refused);
        desk[1].Generation.ShouldBe(1);

        foreach (var away in new[] { ConnectionStatus.Suspended, ConnectionStatus.Uninstalled, ConnectionStatus.Closed })
        {
            desk = Blocked();
            desk.SetStatus(1, away);
            Release(desk, 1).ShouldBe(FactOutcome.Refused, $"{away}: no call is made, so no reading would ever tell");
            desk[1].Status.ShouldBe(LevelStatus.Blocked);
        }

        Blocked().Apply(new LevelReleased("r", new ConnectionId(1), Blocked().Now, new LevelId(99), "Ann", "?")).ShouldBe(FactOutcome.Unmapped);
    }

    [Fact]
    public void A_release_names_the_level_whose_SKU_must_be_loaded() =>
        FactRefs.Of([new LevelReleased("r", new ConnectionId(1), default, new LevelId(7), "Ann", "?")]).Levels.ShouldBe([new LevelId(7)]);

    private static FactOutcome Release(Desk desk, int channel) => desk.Apply(new LevelReleased(
        $"release:{channel}", new ConnectionId(channel), desk.Now, new LevelId(channel), "Ann", "the other application is gone"));

    /// <summary>Ten units of which six are lost; the channel refuses the write that says so.</summary>
    private static Desk Blocked()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Receive("lost", -6);
        desk.Settle(desk.Plan(1).ShouldNotBeNull(), ElementOutcome.Blocked);
        return desk;
    }

    /// <summary>Two channels show 60 of 40 units, and the first keeps none of what is written to it.</summary>
    private static Desk Halted()
    {
        var desk = new Desk(2, 60, SharingMode.Guard, 50, 10);
        desk.Arrange(s => s with { Pools = [new(Desk.Main, s.Pools[0].Buckets with { OnHand = 40 }, true)] });
        desk.Touch();
        for (var failure = 1; failure <= PublishLimits.FailedVerifications; failure++)
        {
            desk.Publish(1).ShouldNotBeNull();
            desk.Now += TimeSpan.FromSeconds(5);
            desk.Read(1, ReadingKind.Drained, 50);
        }

        desk[1].Status.ShouldBe(LevelStatus.Halted);
        return desk;
    }
}
