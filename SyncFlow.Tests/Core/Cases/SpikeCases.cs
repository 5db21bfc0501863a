using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Orders;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Cases;

/// <summary>More demand than there is while nothing gets through.</summary>
public sealed class SpikeCases
{
    [Fact]
    public void C11_Dead_pushes_and_webhooks_oversell_nothing_in_guard()
    {
        const int minutes = 14;
        int[] demand = [140, 100];
        var desk = new Desk(2, 200, SharingMode.Guard, 120, 80);
        var (begun, shown) = (desk.Now, new[] { 120, 80 });
        var withheld = new List<(int Channel, OrderSnapshot Order)>();
        var writes = new List<PushElement>();
        for (var step = 0; step < minutes * 12; step++)
        {
            // The channels sell what they show and refuse the rest. Nothing of it is told, and nothing that is pushed arrives.
            desk.Now = begun.AddSeconds(5 * step);
            foreach (var channel in new[] { 0, 1 })
            {
                var due = (demand[channel] * (step + 1) / (minutes * 12)) - (demand[channel] * step / (minutes * 12));
                for (var buyer = 0; buyer < due && shown[channel] > 0; buyer++, shown[channel]--)
                {
                    withheld.Add((channel + 1, Desk.Snapshot($"{channel + 1}-{step}-{buyer}", 1, desk.Now)));
                }
            }

            if (step == 36)
            {
                desk.Arrange(s => s with { SharedBy = "another policy" }); // After three minutes somebody has the units shared evenly.
            }

            desk.Touch();
            foreach (var channel in new[] { 1, 2 })
            {
                if (desk.Plan(channel) is { } push)
                {
                    writes.AddRange(push.Elements);
                    desk.Settle(push, ElementOutcome.Unknown);
                }
            }

            desk.Exposure.Units.ShouldBe(0, $"after {desk.Now - begun}");
            (desk[1].UpperBound + desk[2].UpperBound).ShouldBeLessThanOrEqualTo(200);
        }

        writes.Select(w => (w.Level.Value, w.From, w.To)).ShouldBe([(1, 120, 100)], "the second is to rise to as many, and waits for the first to have fallen");
        desk.Ledger.ShouldBeEmpty("nothing was told");

        // All at once, the last first; some of them after a plan.
        withheld.Reverse();
        foreach (var (channel, order) in withheld)
        {
            desk.Order(channel, order);
            desk.Plan(2)?.Elements.ShouldAllBe(e => e.To <= e.From);
        }

        (withheld.Count, desk.Ats, desk.State.OversoldUnits).ShouldBe((200, 0, 0));
        desk.Oversells.ShouldBeEmpty();
        desk.Now += PublishLimits.LateArrival + TimeSpan.FromMinutes(1);
        desk.Read(1, ReadingKind.Drained, 0);
        desk.Read(2, ReadingKind.Drained, 0);
        (desk[1].Belief, desk[2].Belief, desk.Exposure.Units, desk.Position.Suspense).ShouldBe((0, 0, 0, 0));
        (desk.Plan(1), desk.Plan(2)).ShouldBe((null, null));
    }
}
