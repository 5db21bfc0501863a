using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify;

/// <summary>
/// The idempotency keys a delayed request holds while it is under way: another request with such a key meets
/// IDEMPOTENCY_CONCURRENT_REQUEST until this one is done.
/// </summary>
internal sealed class IdempotencyClaims(World world, Shop shop, ShopifyApi.Plan plan)
{
    private readonly List<IdempotencyEntry> _entries = [];

    /// <summary>Keys this request holds.</summary>
    internal HashSet<string> Keys { get; } = new(StringComparer.Ordinal);

    internal void Take()
    {
        lock (shop.Gate)
        {
            foreach (var (key, hash) in plan.IdempotentFields)
            {
                var (match, entry) = shop.Idempotency.Begin(key, hash, world.Clock.GetUtcNow());
                if (match == IdempotencyMatch.New)
                {
                    _entries.Add(entry);
                    Keys.Add(key);
                    world.Stats.Count("keysHeld");
                }
            }
        }
    }

    /// <summary>Gives up keys whose fields came to no answer.</summary>
    internal void Release()
    {
        lock (shop.Gate)
        {
            _entries.ForEach(shop.Idempotency.Abandon);
        }
    }
}
