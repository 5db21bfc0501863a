using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Levels;

/// <summary>Exposure in guard is alarmed where decreases do not take it away (I3).</summary>
public sealed class ExposureAlarmTests
{
    private static readonly string Key = ExposureAlarms.KeyOf(Desk.Sku);

    [Fact]
    public void I3_A_write_off_whose_decreases_are_under_way_alarms_nobody()
    {
        var desk = new Desk(2, 20, SharingMode.Guard, 10, 10);
        desk.Receive("lost", -6);
        desk.Exposure.Units.ShouldBe(6);
        desk.State.Exposed.Since.ShouldBe(desk.Now);
        Prove(desk, 1);
        Prove(desk, 2);

        desk.Exposure.Units.ShouldBe(0);
        desk.State.Exposed.ShouldBe(ExposureWatch.None);
        desk.Incidents.ShouldBeEmpty();
        desk.Cured.ShouldNotContain(Key, "nothing was opened");
    }

    [Fact]
    public void I3_What_no_decrease_takes_away_is_alarmed_at_once_with_its_cause_until_it_is_gone()
    {
        var desk = new Desk(2, 20, SharingMode.Guard, 10, 10);
        desk.Receive("lost-1", -2);
        desk.Settle(desk.Plan(1).ShouldNotBeNull(), ElementOutcome.Blocked);
        Alarms(desk).ShouldBeEmpty("the other channel is lowered for it");

        desk.Receive("lost-2", -12);
        var alarm = Alarms(desk).ShouldHaveSingleItem();
        (alarm.Key, alarm.Sku).ShouldBe((Key, Desk.Sku));
        alarm.Message.ShouldStartWith("4 units could be sold that do not exist");
        alarm.Message.ShouldContain("lost-1", customMessage: "what began it");
        alarm.Message.ShouldContain("Writes to level 1 are stopped");
        desk.Touch();
        Alarms(desk).Count.ShouldBe(1, "it is told once");
        desk.Receive("lost-3", -1);
        Alarms(desk)[^1].Message.ShouldStartWith("5 units", customMessage: "and again when it grows");

        Prove(desk, 2);
        desk.Cured.ShouldNotContain(Key);
        desk.Apply(new LevelReleased("r", new ConnectionId(1), desk.Now, new LevelId(1), "Ann", "no bundle any more"));
        desk.Read(1, ReadingKind.Drained, 10);
        Prove(desk, 1);
        desk.Exposure.Units.ShouldBe(0);
        desk.Cured.ShouldContain(Key);
        desk.State.Exposed.ShouldBe(ExposureWatch.None);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100)]
    public void I3_Exposure_that_one_batch_plans_away_and_back_was_never_gone(int seconds)
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Receive("lost", -6);
        desk.Settle(desk.Plan(1).ShouldNotBeNull(), ElementOutcome.Unknown);
        desk.Now += TimeSpan.FromSeconds(seconds);
        desk.Touch();
        var before = desk.State.Exposed;
        before.Alarmed.ShouldBe(seconds > 70 ? 6 : 0);

        desk.Now += TimeSpan.FromSeconds(1);
        desk.Run(set =>
        {
            var pools = desk.State.Pools;
            foreach (var pool in new[] { pools[0] with { Buckets = pools[0].Buckets.Add(Bucket.OnHand, 6) }, pools[0] })
            {
                set.Put(set.FindSku(Desk.Sku)! with { Pools = [pool] });
                Replanner.Touch(set, [Desk.Sku], desk.Now);
            }

            return set;
        });
        desk.State.Exposed.ShouldBe(before);
        (Alarms(desk).Count, desk.Cured.Contains(Key)).ShouldBe((seconds > 70 ? 1 : 0, false));
    }

    [Fact]
    public void I3_Exposure_that_stays_longer_than_decreases_usually_need_is_alarmed()
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 10);
        desk.Receive("lost", -6);
        desk.Settle(desk.Plan(1).ShouldNotBeNull(), ElementOutcome.Unknown);
        var patience = ExposureAlarms.Patience(desk.Context);
        patience.ShouldBe(TimeSpan.FromSeconds(70), "a minute, and the ten seconds that a decrease takes here");
        desk.Now += patience - TimeSpan.FromSeconds(1);
        desk.Touch();
        Alarms(desk).ShouldBeEmpty();

        desk.Now += TimeSpan.FromSeconds(1);
        desk.Touch();
        Alarms(desk).ShouldHaveSingleItem().Message.ShouldSatisfyAllConditions(
            m => m.ShouldStartWith("6 units could be sold that do not exist, since 2026-11-27 10:00:00"),
            m => m.ShouldContain("6 by lost"));
    }

    [Fact]
    public void I3_A_channel_that_may_not_be_written_keeps_units_exposed_and_that_is_alarmed_at_once()
    {
        var desk = new Desk(2, 20, SharingMode.Guard, 10, 10);
        desk.SetStatus(1, SyncFlow.Core.Engine.ConnectionStatus.Suspended);
        Alarms(desk).ShouldBeEmpty("its share is its own");
        desk.Receive("lost", -13);
        Alarms(desk).ShouldHaveSingleItem().Message.ShouldContain("A channel that shows some of them is not written now");
    }

    [Fact]
    public void Shared_mode_is_exposed_by_the_merchants_own_wish_and_alarms_nobody()
    {
        var desk = new Desk(2, 10, SharingMode.Shared, 10, 10);
        desk.Touch();
        desk.Now += TimeSpan.FromHours(1);
        desk.Touch();
        desk.Exposure.Units.ShouldBe(10);
        Alarms(desk).ShouldBeEmpty();
        desk.State.Exposed.ShouldBe(ExposureWatch.None);
    }

    private static List<SyncFlow.Core.Engine.Incident> Alarms(Desk desk) => desk.Incidents.FindAll(i => i.Kind == ExposureAlarms.Kind);

    /// <summary>Publishes what a channel wants, and reads that it is there.</summary>
    private static void Prove(Desk desk, int channel)
    {
        desk.Publish(channel).ShouldNotBeNull();
        desk.Now += TimeSpan.FromSeconds(5);
        desk.Read(channel, ReadingKind.Drained, desk[channel].Belief!.Value);
    }
}
