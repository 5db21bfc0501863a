using System.Collections.Immutable;
using Shouldly;
using SyncFlow.Core.Orders;
using Xunit;

namespace SyncFlow.Tests.Core.Orders;

/// <summary>Refunds that do not say whether their units had been shipped.</summary>
public sealed class LegacyRestockTests
{
    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    [InlineData(3, 3)]
    public void As_many_are_cancelled_as_left_unshipped_in_whatever_refunds_they_were(int first, int second)
    {
        // Found by the simulation (seed 8527): one came back, then two were cancelled; a refund was taken for the one or the other whole.
        var restocks = ImmutableArray.CreateBuilder<Restock>();
        var left = LegacyRestocks.Add(restocks, "r1", first, "x1", 2);
        left = LegacyRestocks.Add(restocks, "r2", second, "x1", left);

        left.ShouldBe(0);
        restocks.Where(r => r.Kind == RestockKind.Cancel).Sum(r => r.Units).ShouldBe(2);
        restocks.Where(r => r.Kind == RestockKind.Return).Sum(r => r.Units).ShouldBe(first + second - 2);
        restocks.Select(r => r.RefundLineRef).ShouldBeUnique();
        restocks.ShouldAllBe(r => r.Units > 0 && r.ExternalLocation == "x1");
    }
}
