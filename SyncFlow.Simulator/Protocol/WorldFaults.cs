namespace SyncFlow.Simulator.Protocol;

/// <summary>Faults of one world, each a probability per chance it gets, 0 to 1.</summary>
internal sealed record WorldFaults
{
    /// <summary>Webhooks that never arrive.</summary>
    public double Dropped { get; init; }

    /// <summary>Webhooks that arrive twice.</summary>
    public double Repeated { get; init; }

    /// <summary>Webhooks that take minutes, and so arrive in any order.</summary>
    public double Delayed { get; init; }

    /// <summary>Writes that are carried out or refused without our hearing of it.</summary>
    public double LostAnswer { get; init; }

    /// <summary>Writes that are acknowledged and not carried out.</summary>
    public double NotPersisted { get; init; }

    /// <summary>Writes that get no answer and arrive minutes later.</summary>
    public double Late { get; init; }

    /// <summary>Per minute: the worker dies and another starts without what was in its memory.</summary>
    public double Crash { get; init; }

    /// <summary>
    /// After each plan and before each answer or reading is stored: the worker stands still, mostly for seconds, sometimes for
    /// minutes, and then goes on as if nothing had happened.
    /// </summary>
    public double StandsStill { get; init; }

    /// <summary>Questions of workers about their leases that are not answered.</summary>
    public double BeatLost { get; init; }

    /// <summary>By which part of themselves clocks of workers run fast or slow, at most.</summary>
    public double WorkerClocks { get; init; }

    /// <summary>Per transaction: it is rolled back by a crash just before its commit.</summary>
    public double Rollback { get; init; }

    /// <summary>Per minute: no wake-ups for a minute; only sweeps find work.</summary>
    public double WakeUpsLost { get; init; }

    /// <summary>Per minute: a channel refuses our credential for some minutes.</summary>
    public double TokenLost { get; init; }

    /// <summary>Per minute: a channel answers nothing and sends nothing for some minutes.</summary>
    public double Outage { get; init; }

    /// <summary>Most seconds until an order appears in order queries; never above the lag the verify cycle waits.</summary>
    public double VisibilityLag { get; init; }

    /// <summary>Seconds by which a channel's clock is off, at most, either way.</summary>
    public double ClockDrift { get; init; }

    /// <summary>Per minute: somebody lowers a level by hand.</summary>
    public double OutsideDecrease { get; init; }

    /// <summary>Per minute: somebody raises a level by hand. Breaks an assumption.</summary>
    public double OutsideIncrease { get; init; }

    /// <summary>Orders made by an application that took no units from the level. Breaks an assumption.</summary>
    public double Bypassed { get; init; }

    /// <summary>Per minute: units are lost in the warehouse (a fact that takes units away).</summary>
    public double WriteOff { get; init; }

    /// <summary>Per minute: an item is set to sell on at zero and below, for some minutes. Breaks an assumption.</summary>
    public double SellsOn { get; init; }

    /// <summary>Per minute: a store ceases to count an item's stock, for some minutes. Breaks an assumption.</summary>
    public double Untracked { get; init; }

    /// <summary>
    /// Per minute: a store closes one of its locations, for some minutes; what its levels showed is on sale again when it is
    /// opened, whatever became of the units meanwhile. Breaks an assumption.
    /// </summary>
    public double ClosedPlace { get; init; }

    /// <summary>
    /// Per minute: a store closes one of its locations and names another, where all that is there goes, for some minutes; open
    /// orders ship from there from then on.
    /// </summary>
    public double ClosedInto { get; init; }

    /// <summary>Per minute: somebody moves units between available and the parked ones on the authority's channel. Breaks an assumption.</summary>
    public double ParkedMoved { get; init; }

    /// <summary>Per minute: somebody counts the parked units anew.</summary>
    public double ParkedEdited { get; init; }

    /// <summary>Per minute: parking is switched off, and on again after some minutes.</summary>
    public double ParkingSwitched { get; init; }

    /// <summary>Orders of a store with several locations that are taken from one of them alone, even below zero.</summary>
    public double RoutedWhole { get; init; }
}
