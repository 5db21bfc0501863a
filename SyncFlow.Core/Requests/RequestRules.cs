using System.Collections.Immutable;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Requests;

/// <summary>
/// Requests for units (rule R17): a reservation, a purchase order, a kit cart, a transfer out. A request takes only
/// what no channel may still sell, or waits while channels give units up by decrease and proof. A fact (an order, a
/// count, a write-off) never asks. Waiting requests are granted in order of arrival, inside the replan that sees the
/// budget; the first of a group that cannot be met holds the place, so a large one is not starved by small ones.
/// </summary>
public static class RequestRules
{
    /// <summary>
    /// Asks for all lines of one request, or for none. Lines become part of their SKUs' state, a kit's of its parts',
    /// and those SKUs are planned again; what can be granted at once is.
    /// </summary>
    /// <param name="set">Holds the SKUs of all lines and what kits tie to them, locked.</param>
    /// <param name="lines">Lines that ask, each with its SKU, in order of their number.</param>
    /// <param name="mayWait">Whether the request may wait for units that channels still show.</param>
    /// <returns>
    /// What became of it, an offer for each line as it was asked for. After a refusal the set holds what was tried:
    /// throw it away, write nothing.
    /// </returns>
    public static RequestOutcome Ask(
        WorkingSet set, IReadOnlyList<(SkuId Sku, RequestLine Line)> lines, bool mayWait, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(lines);
        var offers = ImmutableArray.CreateBuilder<RequestOffer>(lines.Count);
        var asked = new List<(SkuId Sku, RequestLine Line)>();
        foreach (var (id, line) in lines)
        {
            var parts = KitRequests.PartsOf(set, id, line, asked.Count + 1);
            offers.Add(KitRequests.OfferOf(id, line, [.. parts.Select(p => OfferOf(Cluster.Of(set, p.Sku), p.Sku, p.Line))]));
            foreach (var (part, partLine) in parts)
            {
                var sku = set.FindSku(part)!;
                set.Put(sku with { Requests = sku.Requests.Add(partLine) });
                set.NoteCause(part, now);
            }

            asked.AddRange(parts);
        }

        if (offers.Any(o => o.Obtainable < o.Units))
        {
            return new RequestOutcome(RequestAnswer.Refused, offers.MoveToImmutable());
        }

        Replanner.Replan(set, now);
        var held = asked.TrueForAll(l => set.FindSku(l.Sku)!.Requests
            .Any(r => r.Request == l.Line.Request && r.Number == l.Line.Number && r.State == RequestLineState.Held));
        var answer = held ? RequestAnswer.Granted : mayWait ? RequestAnswer.Waiting : RequestAnswer.Refused;
        return new RequestOutcome(answer, offers.MoveToImmutable());
    }

    /// <summary>What a line could get, after everybody who asked before it.</summary>
    public static RequestOffer OfferOf(Cluster cluster, SkuId id, RequestLine line)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(line);
        var sku = cluster.Find(id) ?? throw new ArgumentException($"SKU {id.Value} is not in the cluster.", nameof(id));
        var scopes = RequestScopes.Of(AsIfGranted(sku, cluster.Context), cluster, line.Location, line.Group);
        return new RequestOffer(
            id, line.Number, line.Location, line.Units,
            scopes.Select(s => s.Free).DefaultIfEmpty(0).Max(), scopes.Select(s => s.Obtainable).DefaultIfEmpty(0).Max());
    }

    /// <summary>Grants what the budget allows, in order of arrival.</summary>
    /// <param name="cluster">What kits tie to the SKU: they may sell of it too.</param>
    internal static SkuState Grant(WorkingSet set, Cluster cluster, SkuState sku, DateTimeOffset now)
    {
        if (!HasWaiting(sku))
        {
            return sku;
        }

        var taken = new HashSet<int?>();
        foreach (var line in Waiting(sku))
        {
            var scopes = RequestScopes.Of(sku, cluster, line.Location, line.Group);
            if (scopes.FirstOrDefault(s => !taken.Contains(s.Group) && s.Free >= line.Wanted) is { } scope)
            {
                sku = Hold(set, sku, line, scope, now);
            }
            else if (Preferred(scopes) is { } waitsFor)
            {
                taken.Add(waitsFor.Group);
            }
        }

        return sku;
    }

    /// <summary>
    /// The SKU as it would be if everybody who waits had been granted: what channels are to show is planned from it,
    /// so that they give up exactly what is waited for. Only pools differ.
    /// </summary>
    public static SkuState AsIfGranted(SkuState sku, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(sku);
        if (!HasWaiting(sku))
        {
            return sku;
        }

        foreach (var line in Waiting(sku))
        {
            if (Preferred(RequestScopes.Of(sku, Cluster.Alone(sku, context), line.Location, line.Group)) is { } scope)
            {
                foreach (var (location, units) in Places(scope, sku.Policy, line.Wanted))
                {
                    var pool = sku.PoolAt(location);
                    sku = sku.With(pool with { Buckets = pool.Buckets.Add(Bucket.Reserved, units) });
                }
            }
        }

        return sku;
    }

    /// <summary>Ends a line and gives back what it holds.</summary>
    /// <param name="end">What it is from now on.</param>
    public static void End(WorkingSet set, SkuId id, RequestLine line, RequestLineState end, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(line);
        var reason = end switch
        {
            RequestLineState.Released => EntryReason.ReservationReleased,
            RequestLineState.Expired => EntryReason.ReservationExpired,
            _ => throw new ArgumentOutOfRangeException(nameof(end), end, "A line is ended by release or expiry."),
        };
        var sku = set.FindSku(id) ?? throw new ArgumentException($"SKU {id.Value} is not loaded.", nameof(id));
        foreach (var held in line.Held)
        {
            sku = set.Append(sku, Entry(id, line, held.Location, held.Bucket, -held.Units, reason, now));
        }

        set.Put(sku.With(line with { State = end, Held = [] }));
        set.NoteCause(id, now);
    }

    /// <summary>A warehouse took the units into its own pick tasks: one pair of entries, available-to-sell stays.</summary>
    public static void Allocate(WorkingSet set, SkuId id, RequestLine line, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(line);
        var sku = set.FindSku(id) ?? throw new ArgumentException($"SKU {id.Value} is not loaded.", nameof(id));
        foreach (var held in line.Held.Where(h => h.Bucket == Bucket.Reserved))
        {
            const EntryReason reason = EntryReason.ReservationAllocated;
            sku = set.Append(sku, Entry(id, line, held.Location, Bucket.Reserved, -held.Units, reason, now));
            sku = set.Append(sku, Entry(id, line, held.Location, Bucket.Allocated, held.Units, reason, now));
        }

        set.Put(sku.With(line with { Held = [.. line.Held.Select(h => h with { Bucket = Bucket.Allocated })] }));
    }

    private static SkuState Hold(WorkingSet set, SkuState sku, RequestLine line, RequestScope scope, DateTimeOffset now)
    {
        var held = ImmutableArray.CreateBuilder<HeldUnits>();
        foreach (var (location, units) in Places(scope, sku.Policy, line.Wanted))
        {
            sku = set.Append(
                sku, Entry(sku.Sku, line, location, Bucket.Reserved, units, EntryReason.ReservationHeld, now));
            held.Add(new HeldUnits(location, Bucket.Reserved, units));
        }

        return sku.With(line with { State = RequestLineState.Held, Held = held.ToImmutable() });
    }

    /// <summary>Takes from the fullest pools first; what none of them has is asked of the fullest all the same.</summary>
    private static IEnumerable<(LocationId Location, int Units)> Places(RequestScope scope, SkuPolicy policy, int units)
    {
        var fullest = scope.Pools
            .Select(p => (p.Location, Units: AvailableToSell.Of(p, policy)))
            .OrderByDescending(p => p.Units).ThenBy(p => p.Location.Value).ToArray();
        var missing = units - fullest.Sum(p => Math.Max(0, p.Units));
        for (var i = 0; i < fullest.Length && units > 0; i++)
        {
            var there = Math.Max(0, fullest[i].Units) + (i == 0 ? Math.Max(0, missing) : 0);
            var part = Math.Min(units, there);
            units -= part;
            if (part > 0)
            {
                yield return (fullest[i].Location, part);
            }
        }
    }

    private static bool HasWaiting(SkuState sku) => sku.Requests.Any(r => r.State == RequestLineState.Waiting);

    private static RequestLine[] Waiting(SkuState sku) =>
    [
        .. sku.Requests.Where(r => r.State == RequestLineState.Waiting).OrderBy(r => r.Request.Value).ThenBy(r => r.Number),
    ];

    /// <summary>The group that a request waits for: the one with the most units.</summary>
    private static RequestScope? Preferred(ImmutableArray<RequestScope> scopes) =>
        scopes.OrderByDescending(s => s.Available).ThenBy(s => s.Group).FirstOrDefault();

    private static LedgerEntry Entry(
        SkuId sku, RequestLine line, LocationId location, Bucket bucket, int delta, EntryReason reason, DateTimeOffset now) =>
        new(sku, location, bucket, delta, reason, line.FactKey, null, line.Connection, null, now);
}
