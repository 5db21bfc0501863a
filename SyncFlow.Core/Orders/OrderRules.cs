using System.Collections.Immutable;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Parking;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Sources;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Orders;

/// <summary>Applies order snapshots: the ledger gets the difference between the last applied footprint and the new one.</summary>
internal static class OrderRules
{
    public static FactOutcome Apply(WorkingSet set, OrderFact fact, DateTimeOffset now)
    {
        if (set.Context.FindChannel(fact.From) is not { } channel)
        {
            return FactOutcome.Ignored;
        }

        var before = set.FindOrder(fact.From, fact.Snapshot.OrderRef)
            ?? OrderState.Placeholder(fact.From, fact.Snapshot.OrderRef);
        var snapshot = OrderLocations.Complete(fact.Snapshot, before.Snapshot);
        if (before.Snapshot is not null)
        {
            if (Snapshots.SameContent(before.Snapshot, snapshot) && before.UnmappedLines == 0)
            {
                return Confirm(set, before, snapshot);
            }

            if (snapshot.Version < before.Version)
            {
                return Refuse(set, fact, before, now);
            }

            AskWhereTied(set, fact, before, now);
        }

        var footprint = Footprints.Of(snapshot, channel, set, before);
        var provisional = (footprint.Provisional || OrderLocations.IsGuess(fact.Snapshot, before.Snapshot, channel, set.Context)) && !TellsPlaces(snapshot);
        if (provisional && snapshot.Origin != SnapshotOrigin.Fetch)
        {
            // What was read and is a guess still would be the same if it were read again at once.
            set.Work.Add(new WorkItem(fact.From, WorkKind.FetchOrder, snapshot.OrderRef, now));
        }

        set.Put(before with
        {
            Version = snapshot.Version,
            Snapshot = snapshot,
            Applied = footprint.Rows,
            UnmappedLines = footprint.UnmappedLines,
            Provisional = provisional,
            Kits = footprint.Kits,
        });
        Post(set, fact, before, snapshot, footprint.Rows, now);
        return footprint.UnmappedLines > 0 ? FactOutcome.Unmapped : FactOutcome.Applied;
    }

    /// <summary>An order to be read; not where only its place changed and this channel has but one place of ours.</summary>
    public static FactOutcome Touched(WorkingSet set, OrderTouched fact, DateTimeOffset now) =>
        fact.PlaceOnly && set.Context.FindChannel(fact.From) is { } channel && OrderLocations.HasOnePlace(channel, set.Context)
            ? FactOutcome.Unchanged
            : FactEngine.Ask(set, fact.From, WorkKind.FetchOrder, fact.OrderRef, now);

    /// <summary>The same content again: nothing for the ledger, but an older one that differs must not come after it.</summary>
    private static FactOutcome Confirm(WorkingSet set, OrderState before, OrderSnapshot snapshot)
    {
        if (snapshot.Version > before.Version)
        {
            // A guess that was right is none any more.
            set.Put(before with { Version = snapshot.Version, Provisional = before.Provisional && !TellsPlaces(snapshot) });
        }

        return FactOutcome.Unchanged;
    }

    /// <summary>Whether it was read, and says of all that is open where that is: more than that nobody will ever tell.</summary>
    private static bool TellsPlaces(OrderSnapshot snapshot) =>
        snapshot.Origin == SnapshotOrigin.Fetch && snapshot.Lines.All(l => l.Assignments.Sum(a => a.Units) >= l.Open);

    private static FactOutcome Refuse(WorkingSet set, OrderFact fact, OrderState before, DateTimeOffset now)
    {
        AskWhereTied(set, fact, before, now);
        return FactOutcome.Older;
    }

    /// <summary>Two different contents with one update time: only an authoritative read can tell which is newer.</summary>
    private static void AskWhereTied(WorkingSet set, OrderFact fact, OrderState before, DateTimeOffset now)
    {
        if (fact.Snapshot.Version.UpdatedAt == before.Version.UpdatedAt && fact.Snapshot.Origin == SnapshotOrigin.Webhook)
        {
            set.Work.Add(new WorkItem(fact.From, WorkKind.FetchOrder, fact.Snapshot.OrderRef, now));
        }
    }

    private static void Post(
        WorkingSet set, OrderFact fact, OrderState before, OrderSnapshot snapshot, ImmutableArray<FootprintRow> after,
        DateTimeOffset now)
    {
        // An order first seen at import: what it shipped, lost or returned before is in the opening count already.
        var seenBefore = before.Snapshot is null && snapshot.Origin == SnapshotOrigin.Import;
        var changes = Difference(before.Applied, after).ToList();
        var shipments = new ShipmentEntries(set, fact.From, before.Snapshot, snapshot, changes);
        foreach (var change in changes)
        {
            if (set.FindSku(change.Sku) is not { } sku)
            {
                throw new InvalidOperationException($"SKU {change.Sku.Value} of order {snapshot.OrderRef} is not loaded.");
            }

            if (before.Snapshot is null && !seenBefore)
            {
                sku = CountSale(sku, change, fact.From, now);
            }

            sku = OrderClaims.Of(set, fact, sku, change, before.Applied) is { } claim
                ? Claimed(set, fact, change, sku, claim, seenBefore, shipments)
                : Entries(set, fact, change, sku, seenBefore, shipments);
            sku = seenBefore ? sku : Append(set, fact, sku, change, Bucket.OnHand, change.Relocated, EntryReason.ChannelTransfer);
            sku = seenBefore ? sku : ParkingRules.FollowUnclaimed(sku, change);
            sku = MoveLevel(set, fact, change, sku, snapshot.Version.Sequence, before.Provisional, now);
            sku = ClosedOrigins.Doubt(sku, change, changes, now);
            set.Put(sku);

            set.NoteCause(change.Sku, Learned(before, snapshot) ? now : fact.OccurredAt);
        }
    }

    /// <summary>A known order read again, better known (where it ships from): caused by being read and not by the sale.</summary>
    private static bool Learned(OrderState before, OrderSnapshot snapshot) =>
        before.Snapshot is not null && snapshot.Origin == SnapshotOrigin.Fetch && snapshot.Version.UpdatedAt == before.Version.UpdatedAt;

    /// <summary>A kit's own row has no commitment, its parts' have; what is sold of it shows as units its level holds.</summary>
    private static SkuState CountSale(SkuState sku, FootprintRow change, ConnectionId channel, DateTimeOffset now)
    {
        var units = sku.IsKit ? change.OpenClaims : change.Committed;
        return units <= 0 ? sku : Paces.Sold(sku, change.Level is null ? null : channel, units, now);
    }

    /// <summary>Other systems speak of these units as well: the claim over all of them is booked.</summary>
    private static SkuState Claimed(
        WorkingSet set, OrderFact fact, FootprintRow change, SkuState sku, Claim claim, bool seenBefore, ShipmentEntries shipments)
    {
        sku = OrderClaims.Book(set, fact, sku, change, claim, seenBefore, shipments);
        sku = Takeovers.Take(set, fact, sku, change.Location, change.Committed - (seenBefore ? 0 : change.OnHand));
        if (seenBefore)
        {
            return sku;
        }

        // Who keeps the books says itself what came back, and what of it is not for sale.
        if (!OrderClaims.IsOwned(set, sku, change.Location, fact.From))
        {
            sku = Append(set, fact, sku, change, Bucket.OnHand, change.Returned, EntryReason.Return);
            sku = Append(set, fact, sku, change, Bucket.Unavailable, change.Inspected, EntryReason.Inspection);
        }

        return Append(set, fact, sku, change, Bucket.Suspense, change.Suspense, EntryReason.Order);
    }

    private static SkuState Entries(
        WorkingSet set, OrderFact fact, FootprintRow change, SkuState sku, bool seenBefore, ShipmentEntries shipments)
    {
        sku = Append(set, fact, sku, change, Bucket.Committed, change.Committed, EntryReason.Order);

        // Committed, or shipped without ever having been: either way the order has its units now.
        sku = Takeovers.Take(set, fact, sku, change.Location, change.Committed - (seenBefore ? 0 : change.OnHand));
        if (seenBefore)
        {
            return sku;
        }

        sku = Append(set, fact, sku, change, Bucket.OnHand, change.WrittenOff, EntryReason.WriteOff);
        sku = Append(set, fact, sku, change, Bucket.OnHand, change.Returned, EntryReason.Return);
        sku = Append(set, fact, sku, change, Bucket.Unavailable, change.Inspected, EntryReason.Inspection);
        sku = shipments.Post(fact, change, sku);
        return Append(set, fact, sku, change, Bucket.Suspense, change.Suspense, EntryReason.Order);
    }

    private static SkuState Append(
        WorkingSet set, OrderFact fact, SkuState sku, FootprintRow row, Bucket bucket, int delta, EntryReason reason) =>
        delta == 0
            ? sku
            : set.Append(sku, new LedgerEntry(
                row.Sku, row.Location, bucket, delta, reason, fact.Key, row.Level, fact.From, fact.InboxEvent,
                fact.OccurredAt));

    /// <summary>
    /// A known sale lowers belief, or explains units in suspense, which changes neither available-to-sell nor belief
    /// again. Units known to be put back raise belief, or explain units that appeared; not those of an order whose place was
    /// guessed and is known now, for they never were on this level.
    /// </summary>
    private static SkuState MoveLevel(
        WorkingSet set, OrderFact fact, FootprintRow change, SkuState sku, long explainedAt, bool wasGuessed, DateTimeOffset now)
    {
        if (change.Level is not { } id || sku.FindLevel(id) is not { } level)
        {
            return sku;
        }

        // What is taken off this level without being put back by the order moved to another location.
        var sold = change.Taken + change.PutBack;
        level = level with
        {
            OpenClaims = level.OpenClaims + change.OpenClaims,

            // The likely reason of a stale compare is known now: the next one is with another belief, which is as safe.
            AwaitsAttribution = level.AwaitsAttribution && change.Taken == 0,
            ExplainedThrough = change.Taken == 0 ? level.ExplainedThrough : Math.Max(level.ExplainedThrough, explainedAt),
            SoldTotal = level.SoldTotal + Math.Max(0, sold),

            // An order may have come of a draft that held units: only the level's states tell whether it did.
            NeedsReading = level.NeedsReading || (level.DraftHolds > 0 && change.Taken > 0),
            PutBackTotal = level.PutBackTotal + Math.Max(0, change.PutBack) + Math.Max(0, -sold),
        };
        if (change.Taken > 0)
        {
            var explained = level.Belief is null ? 0 : Math.Min(change.Taken, level.Suspense);
            sku = LevelEntries.Append(set, fact, sku, level, Bucket.Suspense, -explained, EntryReason.SuspenseExplained);
            level = level with
            {
                Suspense = level.Suspense - explained,
                SuspenseSince = level.Suspense == explained ? null : level.SuspenseSince,
                SuspenseReadings = level.Suspense == explained ? 0 : level.SuspenseReadings,
                Belief = level.Belief - (change.Taken - explained),
            };
        }
        else if (change.Taken < 0)
        {
            var back = wasGuessed ? Math.Clamp(change.PutBack, 0, -change.Taken) : -change.Taken;

            // What appeared on it may be what came back; beside other levels of its listing, or beside parked units, it may as well
            // be an order's that moved, or some of those.
            var appeared = level.Shelf is not null || ChannelMoves.HasSiblings(sku, level) ? 0 : back;
            var adopted = Math.Min(appeared, level.Adopted);
            var rises = -change.Taken - adopted;
            level = FilledDebts.After(set, level, level with
            {
                Adopted = level.Adopted - adopted,
                Surplus = Math.Max(0, level.Surplus - (appeared - adopted)),
                Belief = level.Belief + rises,

                // A value on its way that arrived before them is as much larger now as they are.
                Unverified = rises > 0 && level.InFlight is { Kind: WriteKind.Overwrite }
                    ? level.Unverified.Add(new Unverified(rises, now))
                    : level.Unverified,
            }, booked: sku.IsKit ? -change.Taken : change.Gained() / level.UnitsPerSale);
        }

        return sku.With(level);
    }

    private static IEnumerable<FootprintRow> Difference(
        ImmutableArray<FootprintRow> before, ImmutableArray<FootprintRow> after)
    {
        var rows = new SortedDictionary<(long, long, long), FootprintRow>();
        Accumulate(rows, after, 1);
        Accumulate(rows, before, -1);
        return rows.Values.Where(r => !r.IsEmpty());
    }

    private static void Accumulate(
        SortedDictionary<(long, long, long), FootprintRow> rows, ImmutableArray<FootprintRow> add, int sign)
    {
        foreach (var row in add)
        {
            var key = (row.Sku.Value, row.Location.Value, row.Level?.Value ?? 0);
            var sum = rows.GetValueOrDefault(key, new FootprintRow(row.Sku, row.Location, row.Level, 0, 0, 0, 0, 0, 0, 0));
            rows[key] = sum with
            {
                Committed = sum.Committed + (sign * row.Committed),
                OnHand = sum.OnHand + (sign * row.OnHand),
                WrittenOff = sum.WrittenOff + (sign * row.WrittenOff),
                Suspense = sum.Suspense + (sign * row.Suspense),
                Taken = sum.Taken + (sign * row.Taken),
                PutBack = sum.PutBack + (sign * row.PutBack),
                OpenClaims = sum.OpenClaims + (sign * row.OpenClaims),
                Returned = sum.Returned + (sign * row.Returned),
                Inspected = sum.Inspected + (sign * row.Inspected),
                Relocated = sum.Relocated + (sign * row.Relocated),
            };
        }
    }
}
