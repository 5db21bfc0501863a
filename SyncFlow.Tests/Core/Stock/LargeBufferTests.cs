using System.Collections.Immutable;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Checks;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Stock;

/// <summary>
/// "Never show it", said with a very large safety buffer. What several places are short of is summed up; a sum that
/// wrapped around would be stock that does not exist.
/// </summary>
public sealed class LargeBufferTests
{
    [Fact]
    public void R2_The_largest_buffer_at_many_places_shows_nothing()
    {
        var desk = At(places: 100, Limits.Units);
        desk.Touch();
        desk.Exposure.Available.ShouldBe(100 * (10 - Limits.Units));
        desk[1].Target.ShouldBe(0);
    }

    [Fact]
    public void A_sum_that_does_not_fit_is_a_fault_and_not_stock()
    {
        var desk = At(places: 2, int.MaxValue);
        Should.Throw<OverflowException>(() => desk.Exposure);
        Should.Throw<OverflowException>(() => desk.Touch());
    }

    private static Desk At(int places, int buffer)
    {
        var desk = new Desk(1, 10, SharingMode.Guard, 5);
        var others = Enumerable.Range(2, places - 1).Select(n => new LocationId(n)).ToImmutableArray();
        desk.Context = desk.Context with
        {
            Locations = desk.Context.Locations.AddRange(others.Select(l => KeyValuePair.Create(l, new LocationSettings(l, FulfillsOnline: true, Group: 1)))),
        };
        desk.Arrange(s => s with
        {
            Policy = s.Policy with { SafetyBuffer = buffer },
            Pools = s.Pools.AddRange(others.Select(l => new Pool(l, default(SyncFlow.Core.Ledger.Buckets) with { OnHand = 10 }, Opened: true))),
        });
        return desk;
    }
}
