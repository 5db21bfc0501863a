using System.Collections.Immutable;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Parking;

/// <summary>A warehouse tells of the same units as the channels that sold them, beside a shelf on which units are parked (rule R14).</summary>
public sealed class ShelfSourceCases
{
    private static readonly ConnectionId Warehouse = new(12);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void R14_What_leaves_for_the_channels_own_order_is_owed_nothing_whoever_tells_of_it_first(bool warehouseFirst)
    {
        var desk = WithWarehouse();
        desk.Order(1, Desk.Snapshot("a1", 2, desk.Now));
        Tell(desk, 1, "a1", warehouseFirst);

        (desk.Position.OnHand, desk.Shelf().Owed, desk[1].Belief).ShouldBe((8, 0, 3));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void R14_What_leaves_for_another_channel_is_owed_once_whoever_tells_of_it_first(bool warehouseFirst)
    {
        var desk = WithWarehouse();
        desk.Order(2, Desk.Snapshot("b1", 2, desk.Now));
        Tell(desk, 2, "b1", warehouseFirst);

        (desk.Position.OnHand, desk.Shelf().Owed).ShouldBe((8, -2));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void R14_R16_What_leaves_for_an_order_that_took_nothing_from_the_level_is_owed_once(bool warehouseFirst)
    {
        var desk = WithWarehouse();
        desk.Order(1, Desk.Snapshot("a1", 2, desk.Now, source: "580111"));
        Tell(desk, 1, "a1", warehouseFirst, source: "580111");

        (desk.Position.OnHand, desk.Shelf().Owed).ShouldBe((8, -2));
    }

    private static Desk WithWarehouse()
    {
        var desk = ShelfDesk.Shared();
        desk.Context = desk.Context with
        {
            Channels = desk.Context.Channels.Add(Warehouse, new ChannelSettings(
                Warehouse, ConnectionStatus.Connected, ImmutableDictionary.CreateRange([KeyValuePair.Create("W", Desk.Main)]), null, 1, 100, [],
                OwnsOnHand: false, CompareAndSet: false, DeduplicatesWrites: false, SettleSeconds: 10)
            {
                IsSource = true,
            }),
        };
        return desk;
    }

    /// <summary>The warehouse posts two units of an order, and the channel says that it shipped them.</summary>
    private static void Tell(Desk desk, int channel, string order, bool warehouseFirst, string source = "web")
    {
        void Post() => desk.Apply(new SourceMovement(
            "m1", Warehouse, null, desk.Now, Desk.Sku, Desk.Main, "W", 1, Bucket.OnHand, -2, new TransactionRef(new ConnectionId(channel), order)));
        if (warehouseFirst)
        {
            Post();
        }

        desk.Now += TimeSpan.FromSeconds(1);
        desk.Order(channel, Desk.Snapshot(order, 2, desk.Now, open: 0, fulfilled: 2, source: source));
        if (!warehouseFirst)
        {
            Post();
        }
    }
}
