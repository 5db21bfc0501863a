using Shouldly;
using SyncFlow.Api.Availability;
using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Availability;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class KeptAvailabilityTests
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 10, 0, 0, TimeSpan.Zero);

    private static readonly KeptAvailability Kept = new(
        SnapshotMark.Parse("10:12:11"), At, At.AddHours(2), [new SkuStamp(7, 3, At), new SkuStamp(1L << 40, 9, At.AddTicks(10))],
        new SkuAvailability(new SkuId(7), false, new Exposure(-5, 2, 7, "promised more than there is"), [
            new PlaceAvailability(new LocationId(1), 0, true, true, new Buckets(1, -2, 3, 4, 5, 6, 7, 8, int.MaxValue), -5),
            new PlaceAvailability(new LocationId(2), 300, false, false, default, 0),
        ]),
        ["MAIN", "Lager Köln"]);

    [Fact]
    public void What_is_kept_is_read_as_it_was_written()
    {
        var read = KeptAvailability.Read(Kept.Write()).ShouldNotBeNull();
        (read.Snapshot.Text, read.ComputedAt, read.Until).ShouldBe((Kept.Snapshot.Text, Kept.ComputedAt, Kept.Until));
        read.Members.ShouldBe(Kept.Members);
        read.Names.ShouldBe(Kept.Names);
        (read.Figures.Sku, read.Figures.IsKit, read.Figures.Exposure).ShouldBe((Kept.Figures.Sku, Kept.Figures.IsKit, Kept.Figures.Exposure));
        read.Figures.Places.ShouldBe(Kept.Figures.Places);
    }

    [Fact]
    public void What_is_cut_short_or_of_another_form_is_as_if_it_were_not_there()
    {
        var bytes = Kept.Write();
        for (var length = 0; length < bytes.Length; length++)
        {
            KeptAvailability.Read(bytes[..length]).ShouldBeNull($"{length} of {bytes.Length} bytes");
        }

        KeptAvailability.Read([(byte)(bytes[0] + 1), .. bytes[1..]]).ShouldBeNull();
        KeptAvailability.Read([bytes[0], .. Enumerable.Repeat((byte)0xFF, 200)]).ShouldBeNull();
    }
}
