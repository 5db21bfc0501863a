using SyncFlow.Core.Facts;

namespace SyncFlow.Core.Sources;

/// <summary>What must be loaded of claims for a batch; reported positions are loaded with their SKUs.</summary>
/// <param name="Transactions">Claims by transaction.</param>
/// <param name="Pools">Pools for which a position says what is posted: all claims there that wait to be.</param>
public sealed record SourceRefs(
    IReadOnlyCollection<TransactionRef> Transactions, IReadOnlyCollection<(SkuId Sku, LocationId Location)> Pools)
{
    /// <summary>Nothing.</summary>
    public static SourceRefs None { get; } = new([], []);

    /// <summary>Collects them fact by fact.</summary>
    internal sealed class Builder
    {
        private readonly HashSet<TransactionRef> _transactions = [];
        private readonly HashSet<(SkuId, LocationId)> _pools = [];

        /// <summary>An order: warehouses may pick for it, and another system may post it.</summary>
        public void Add(OrderFact order) => _transactions.Add(new TransactionRef(order.From, order.Snapshot.OrderRef));

        public void Add(
            SourceFact fact, HashSet<SkuId> skus, HashSet<string> movements, HashSet<(ConnectionId, string)> orders)
        {
            skus.Add(fact.Sku);
            switch (fact)
            {
                case SourceMovement movement:
                    movements.Add(movement.Key);
                    if (movement.Posts is { } posts)
                    {
                        _transactions.Add(posts);
                        orders.Add((posts.System, posts.Id));
                    }

                    break;
                case SourceSale sale:
                    movements.Add(sale.Key);
                    _transactions.Add(sale.Transaction);
                    break;
                case PicksReported picks:
                    movements.Add(picks.Key);
                    _transactions.Add(picks.Order);
                    orders.Add((picks.Order.System, picks.Order.Id));
                    break;
                case SourcePosition { PostedThrough.IsDefaultOrEmpty: false } position:
                    _pools.Add((position.Sku, position.Location));
                    break;
            }
        }

        public SourceRefs ToRefs() => new(_transactions, _pools);
    }
}
