using Shouldly;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Parking;
using SyncFlow.Core.Publishing;
using SyncFlow.Tests.Core.Support;

namespace SyncFlow.Tests.Core.Parking;

/// <summary>Two channels that share ten units; the first is the authority for on-hand and parks what it is not to sell.</summary>
internal static class ShelfDesk
{
    /// <summary>Nothing is parked yet: the first shows all.</summary>
    public static Desk Fresh(int onHand = 10)
    {
        var desk = new Desk(2, onHand, SharingMode.Guard, onHand, 0);
        desk.Configure(1, c => c with { OwnsOnHand = true, Parks = true });
        desk.Arrange(1, level => level with { Shelf = new ParkedShelf { Owed = 0, Since = desk.Now } });
        desk.Touch();
        return desk;
    }

    /// <summary>The authority alone, which shows all: nothing lies parked.</summary>
    public static Desk Alone(int onHand = 10)
    {
        var desk = new Desk(1, onHand, SharingMode.Guard, onHand);
        desk.Configure(1, c => c with { OwnsOnHand = true, Parks = true });
        desk.Arrange(1, level => level with { Shelf = new ParkedShelf { Owed = 0, Since = desk.Now } });
        desk.Touch();
        return desk;
    }

    /// <summary>Each shows half; the other half lies parked with the first, and all of it is proven.</summary>
    public static Desk Shared(int onHand = 10)
    {
        var desk = Fresh(onHand);
        desk.Publish(1);
        desk.Shows(1, onHand / 2, onHand - (onHand / 2));
        desk.Publish(2);
        desk.Now += TimeSpan.FromSeconds(5);
        desk.Read(2, ReadingKind.Drained, onHand / 2);
        (desk[1].Belief, desk.Shelf().Parked, desk[2].Belief).ShouldBe((onHand / 2, onHand - (onHand / 2), onHand / 2));
        return desk;
    }

    public static ParkedShelf Shelf(this Desk desk) => desk[1].Shelf.ShouldNotBeNull();

    /// <summary>A reading of both states, a little later.</summary>
    public static void Shows(this Desk desk, int channel, int available, int parked, ReadingKind kind = ReadingKind.Drained)
    {
        desk.Now += TimeSpan.FromSeconds(5);
        desk.Read(channel, desk.Shown(channel, available, parked, kind));
    }

    /// <summary>The same, marked now and not applied.</summary>
    public static Reading Shown(this Desk desk, int channel, int available, int parked, ReadingKind kind = ReadingKind.Drained)
    {
        var claims = desk[channel].OpenClaims;
        return desk.Mark(channel, kind) with
        {
            Available = available,
            SafetyStock = parked,
            Committed = claims,
            OnHand = available + parked + claims,
        };
    }

    /// <summary>What is said next, acknowledged.</summary>
    public static (PushKind Kind, PushElement Element)? Say(this Desk desk, ElementOutcome outcome = ElementOutcome.Acknowledged)
    {
        if (desk.Plan(1) is not { } push)
        {
            return null;
        }

        desk.Settle(push, outcome);
        return (push.Kind, push.Elements[0]);
    }

    /// <summary>The second channel sells units and ships them from the shelf.</summary>
    public static void ShipElsewhere(this Desk desk, int units, string order = "b1")
    {
        desk.Order(2, Desk.Snapshot(order, units, desk.Now));
        desk.Now += TimeSpan.FromSeconds(1);
        desk.Order(2, Desk.Snapshot(order, units, desk.Now, open: 0, fulfilled: units));
    }

    public static void SwitchTo(this Desk desk, bool parks)
    {
        desk.Configure(1, c => c with { Parks = parks });
        desk.Touch();
    }
}
