namespace SyncFlow.Storage.Front;

/// <summary>
/// What the rules say of one pool, for lists that only sum (SyncFlow.Core.Stock.AvailableToSell): of <c>positions p</c>,
/// <c>skus s</c>, <c>locations l</c> and, where there is one, <c>tier_buffers b</c>.
/// </summary>
internal static class PoolSql
{
    private const string Unencumbered =
        "p.on_hand - p.committed - p.allocated - p.pos_pending - p.reserved - p.shipped_unposted - p.suspense - p.unavailable";

    /// <summary>Units that are free, less what is never shown and what a doubtful source withholds. Signed.</summary>
    public const string Free =
        $"{Unencumbered} - buffer_units({Unencumbered}, s.safety_buffer, b.units, b.percent) - ((greatest(p.on_hand, 0)::bigint * l.source_buffer + 99) / 100)::int";

    /// <summary>Joins the buffers of tiers.</summary>
    public const string Buffers =
        "LEFT JOIN tier_buffers b ON b.tenant_id = $1 AND b.sku_id = p.sku_id AND b.location_id = p.location_id";
}
