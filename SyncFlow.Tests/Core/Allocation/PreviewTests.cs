using Shouldly;
using SyncFlow.Core.Allocation;
using Xunit;

namespace SyncFlow.Tests.Core.Allocation;

public sealed class PreviewTests
{
    [Fact]
    public void C40_A_preview_is_exactly_what_is_then_written()
    {
        var desk = new SharingDesk(3).Sku(1, 100).Sku(2, 37);
        foreach (var sku in new[] { 1, 2 })
        {
            desk.Rules(sku, SharingDesk.Percent(1, 60), SharingDesk.Percent(2, 25), SharingDesk.Percent(3, 15));
        }

        desk.Settle();
        ChannelRule[] next = [SharingDesk.Percent(1, 40), SharingDesk.Percent(2, 20), SharingDesk.Percent(3, 40)];
        var preview = RulePreview.Of(
            desk.Load(),
            s => s with { Policy = s.Policy with { Allocation = s.Policy.Allocation! with { Version = 2, Channels = [.. next] } } },
            desk.Now);
        preview.Where(w => w.Sku.Value == 1).Select(w => (w.Connection.Value, w.From, w.To, w.Step))
            .ShouldBe([(1, 60, 40, 1), (2, 25, 20, 1), (3, 15, 40, 2)]);
        desk.Beliefs(1).ShouldBe([60, 25, 15], "a preview changes nothing");

        desk.Rules(1, next);
        desk.Rules(2, next);
        desk.Touch(1);
        desk.Touch(2);
        desk.Settle().Select(e => (e.Level, e.From, e.To)).ShouldBe(preview.Select(w => (w.Level, w.From, w.To)), ignoreOrder: true);
    }

    [Fact]
    public void A_change_that_moves_nothing_writes_nothing()
    {
        var desk = new SharingDesk(2).Sku(1, 10);
        desk.Settle();
        RulePreview.Of(desk.Load(), s => s, desk.Now).ShouldBeEmpty();
    }
}
