using System.Collections.Immutable;
using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Billing;

public sealed class BillingFreezeTests
{
    [Fact]
    public void C39_While_billing_has_stopped_growth_sales_and_shortages_lower_levels_and_nothing_raises_them()
    {
        var desk = new Desk(2, 10, SharingMode.Shared, 10, 10);
        Stop(desk, true);
        desk.Receive("r1", 5);
        desk.Plan(1).ShouldBeNull();
        desk.Plan(2).ShouldBeNull();

        desk.Order(1, Desk.Snapshot("1", 8, desk.Now));
        desk.Publish(2)!.To.ShouldBe(7, "15 less 8: a decrease flows (R1)");
        Stop(desk, false);
        desk.Receive("r2", 1);
        desk.Publish(2)!.To.ShouldBe(8);
    }

    private static void Stop(Desk desk, bool stopped)
    {
        desk.Context = desk.Context with
        {
            Channels = desk.Context.Channels.ToImmutableDictionary(pair => pair.Key, pair => pair.Value with { GrowthStopped = stopped }),
        };
        desk.Touch();
    }
}
