using System.Diagnostics;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using Xunit;

namespace SyncFlow.Tests.Core.Sources;

public sealed class SourceBookTests
{
    private static readonly ConnectionId Erp = new(11);

    private static readonly LocationId Main = new(1);

    [Fact]
    public void A_positions_neighbours_are_those_of_its_own_SKU_and_location()
    {
        var book = new SourceBook();
        foreach (var (sku, place, location, units) in new[] { (1, "a", 1, 5), (1, "b", 1, 6), (1, "c", 2, 7), (2, "a", 1, 8) })
        {
            book.Load(new ReportedPosition(new SkuId(sku), Erp, place, new LocationId(location)) { Known = true, OnHand = units });
        }

        book.At(new SkuId(1), Main).Sum(p => p.OnHand).ShouldBe(11);
        book.At(new SkuId(3), Main).ShouldBeEmpty();
        book.Find(new SkuId(1), Erp, "c")!.OnHand.ShouldBe(7);
        book.Find(new SkuId(2), Erp, "c").ShouldBeNull();
    }

    /// <summary>A batch of a file has so many; looking through all of them for each would be ten thousand million looks.</summary>
    [Fact]
    public void A_hundred_thousand_positions_and_claims_are_found_by_their_SKU_at_once()
    {
        const int skus = 100_000;
        var book = new SourceBook();
        for (var sku = 1; sku <= skus; sku++)
        {
            book.Load(new ReportedPosition(new SkuId(sku), Erp, "a", Main) { Known = true, OnHand = 1 });
            book.Load(new Claim(new ClaimKey(new TransactionRef(Erp, "r"), new SkuId(sku), Main)) { Booked = new ClaimBooking(0, 0, 1, 0) });
        }

        var watch = Stopwatch.StartNew();
        for (var sku = 1; sku <= skus && watch.Elapsed < TimeSpan.FromSeconds(5); sku++)
        {
            book.At(new SkuId(sku), Main).Count().ShouldBe(1);
            book.Unposted(new SkuId(sku), Main, Erp).Count.ShouldBe(1);
        }

        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }
}
