using System.Collections.Immutable;
using SyncFlow.Core.Counts;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Ledger;

namespace SyncFlow.Core.Operations;

/// <summary>What must be loaded for counts and operations, besides SKUs and movement keys.</summary>
/// <param name="Since">The earliest moment that a fact of the batch speaks of: counts as of then or later may be reopened.</param>
/// <param name="Counts">Counts to be booked or taken back, each once however many facts name it.</param>
/// <param name="Releases">Pools from whose unavailable units an operation takes.</param>
public sealed record OperationRefs(
    DateTimeOffset? Since, ImmutableArray<CountRef> Counts, ImmutableHashSet<(SkuId Sku, LocationId Location)> Releases)
{
    /// <summary>Nothing.</summary>
    public static OperationRefs None { get; } = new(null, [], []);

    /// <summary>Whether anything besides counts to reopen is needed.</summary>
    public bool IsEmpty => Counts.Length == 0 && Releases.Count == 0;

    /// <summary>Collects them fact by fact.</summary>
    internal sealed class Builder
    {
        private readonly HashSet<CountRef> _counts = [];
        private readonly ImmutableHashSet<(SkuId, LocationId)>.Builder _releases = ImmutableHashSet.CreateBuilder<(SkuId, LocationId)>();
        private DateTimeOffset? _since;

        public void NoteMoment(DateTimeOffset moment) => _since = _since is null || moment < _since ? moment : _since;

        public void Add(Fact fact, HashSet<SkuId> skus, HashSet<string> movements)
        {
            movements.Add(fact.Key);
            switch (fact)
            {
                case StockOperation operation:
                    skus.Add(operation.Sku);
                    _releases.UnionWith(operation.Legs
                        .Where(leg => leg is { Bucket: Bucket.Unavailable, Delta: < 0 })
                        .Select(leg => (operation.Sku, leg.Location)));
                    break;
                case CountTaken count:
                    skus.Add(count.Sku);
                    _counts.Add(CountRef.Of(count));
                    break;
                case CountWithdrawn withdrawn:
                    skus.Add(withdrawn.Sku);
                    _counts.Add(CountRef.Of(withdrawn));
                    break;
            }
        }

        public OperationRefs ToRefs() => new(_since, [.. _counts], _releases.ToImmutable());
    }
}
