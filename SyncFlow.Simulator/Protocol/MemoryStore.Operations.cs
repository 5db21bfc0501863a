using SyncFlow.Core;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Operations;
using SyncFlow.Core.Requests;

namespace SyncFlow.Simulator.Protocol;

/// <content>What counts, operations and requests need besides SKUs: read from the ledger as the database does.</content>
internal sealed partial class MemoryStore
{
    private readonly SortedDictionary<string, StockCount> _counts = new(StringComparer.Ordinal);

    /// <summary>Counts as booked, by key.</summary>
    public IReadOnlyCollection<StockCount> Counts => _counts.Values;

    /// <summary>All lines of all requests, by number.</summary>
    public IReadOnlyList<(SkuId Sku, RequestLine Line)> Requests =>
        [.. _skus.Values.SelectMany(s => s.Requests.Select(r => (s.Sku, Line: r))).OrderBy(r => r.Line.Request.Value).ThenBy(r => r.Line.Number)];

    private void Load(WorkingSet set, OperationRefs refs)
    {
        if (refs.IsEmpty && _counts.Count == 0)
        {
            return; // As in every world that counts nothing.
        }

        LoadCounts(set, refs);
        foreach (var (sku, location) in refs.Releases)
        {
            foreach (var condition in Entries.Where(e => e.Bucket == Bucket.Unavailable && e.Sku == sku && e.Location == location)
                .GroupBy(e => UnavailableStock.ConditionOf(e.Reason)))
            {
                set.Unavailable[(sku, location, condition.Key)] = condition.Sum(e => e.Delta);
            }
        }
    }

    /// <summary>All counts of the pools, and what the ledger had before those that are to be booked.</summary>
    private void LoadCounts(WorkingSet set, OperationRefs refs)
    {
        foreach (var count in _counts.Values.Where(c => !c.Withdrawn && set.FindSku(c.Sku) is not null)
            .Concat(refs.Counts.Select(c => _counts.GetValueOrDefault(c.Key)).OfType<StockCount>()))
        {
            set.Counts.Load(count);
        }

        foreach (var wanted in refs.Counts)
        {
            var pool = Entries.Where(e => e.Sku == wanted.Sku && e.Location == wanted.Location).ToList();
            var before = pool.Where(e => e.Bucket == Bucket.OnHand && (e.OccurredAt < wanted.AsOf
                || (e.OccurredAt == wanted.AsOf && e.Reason == EntryReason.CountVariance && string.CompareOrdinal(e.FactKey, wanted.Key) < 0)));
            set.Counts.Load(wanted, new OnHandBefore(
                before.Sum(e => e.Delta), pool.Where(e => e.Reason == EntryReason.Opening).Max(e => (DateTimeOffset?)e.OccurredAt)));
        }
    }

    private void SaveOperations(WorkingSet set)
    {
        foreach (var count in set.Counts.Changed)
        {
            _counts[count.Key] = count;
        }

        foreach (var (_, line) in set.ChangedRequests.Where(r => r.Line.OrderRef is not null).ToList())
        {
            Link(line);
        }
    }

    /// <summary>The order that a request belongs to is known to all its lines as soon as one was taken over.</summary>
    private void Link(RequestLine taken)
    {
        foreach (var sku in _skus.Values.ToList())
        {
            foreach (var line in sku.Requests.Where(r => r.Request == taken.Request && r.OrderRef is null))
            {
                _skus[sku.Sku] = _skus[sku.Sku].With(line with { Connection = taken.Connection, OrderRef = taken.OrderRef });
            }
        }
    }
}
