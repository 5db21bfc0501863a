using System.Collections.Immutable;
using System.Text.Json;
using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify;

// Reading and activating levels.
public sealed partial class ShopifyClient
{
    /// <summary>
    /// Items in one read. What a list of ids costs is not published; at worst each item, its level and its five states
    /// count as objects, and 140 × 7 stays below 1,000 points.
    /// </summary>
    public const int LevelsPerRead = 140;

    /// <summary>Points reserved for a read of levels; the answer corrects it.</summary>
    private const int LevelsCost = 100;

    /// <summary>Levels with all states, one answer per pair, in the order asked.</summary>
    /// <param name="use">Verification pays from its own share; a baseline may pay from the whole.</param>
    public async Task<ChannelResult<ImmutableArray<LevelAnswer>>> ReadLevelsAsync(
        IReadOnlyList<LevelRef> levels, CancellationToken cancel, BudgetUse use = BudgetUse.Verify)
    {
        ArgumentNullException.ThrowIfNull(levels);
        var found = new Dictionary<LevelRef, LevelValues>(levels.Count);
        foreach (var location in levels.Distinct().GroupBy(level => level.ExternalLocation))
        {
            foreach (var items in location.Select(level => level.ItemRef).Chunk(LevelsPerRead))
            {
                var answer = await ReadLevelsAsync(items, location.Key, use, cancel);
                if (!answer.Succeeded)
                {
                    return answer.Fault;
                }

                foreach (var (level, values) in answer.Value)
                {
                    found[level] = values;
                }
            }
        }

        return levels.Select(level => new LevelAnswer(level, found.GetValueOrDefault(level))).ToImmutableArray();
    }

    /// <summary>Stocks an item at a location.</summary>
    /// <param name="available">
    /// Available units it begins with; null keeps what the shop remembers of before. A number is not compared with
    /// anything, so it must not be given where orders may have been taken.
    /// </param>
    /// <param name="key">Names the intended activation; retries of it carry the same.</param>
    /// <returns>The level as it is then. An item that is stocked there already is refused: read it instead.</returns>
    public Task<ChannelResult<LevelAnswer>> ActivateAsync(
        Guid key, LevelRef level, int? available, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(available ?? 0);
        return AskAsync<LevelAnswer>(
            ShopifyOperation.Named("InventoryActivate"),
            new
            {
                item = ShopifyIds.Gid("InventoryItem", level.ItemRef),
                location = ShopifyIds.Gid("Location", level.ExternalLocation),
                available,
                key = key.ToString(),
            },
            MutationCost, BudgetUse.Publish,
            data =>
            {
                var payload = data.GetProperty("inventoryActivate");
                return ShopifyFaults.OfUserErrors(payload, "ACTIVATE_REFUSED") is { } refused
                    ? refused
                    : new LevelAnswer(level, Maybe(payload, "inventoryLevel") is { } values ? Values(values) : null);
            },
            cancel);
    }

    private Task<ChannelResult<List<(LevelRef, LevelValues)>>> ReadLevelsAsync(
        string[] items, string location, BudgetUse use, CancellationToken cancel) => AskAsync<List<(LevelRef, LevelValues)>>(
        ShopifyOperation.Named("Levels"),
        new
        {
            ids = items.Select(item => ShopifyIds.Gid("InventoryItem", item)),
            location = ShopifyIds.Gid("Location", location),
        },
        LevelsCost, use,
        data =>
        {
            var found = new List<(LevelRef, LevelValues)>(items.Length);
            foreach (var node in data.GetProperty("nodes").EnumerateArray())
            {
                if (node.ValueKind != JsonValueKind.Null && Maybe(node, "inventoryLevel") is { } level)
                {
                    found.Add((new LevelRef(Ref(node), location), Values(level)));
                }
            }

            return found;
        },
        cancel);

    private static LevelValues Values(JsonElement level)
    {
        var quantities = level.GetProperty("quantities").EnumerateArray()
            .ToDictionary(q => Text(q, "name"), q => q.GetProperty("quantity").GetInt32(), StringComparer.Ordinal);
        return new LevelValues(
            level.GetProperty("isActive").GetBoolean(), quantities["available"], quantities["on_hand"],
            quantities["committed"], quantities["reserved"], quantities["safety_stock"], level.GetProperty("updatedAt").GetDateTimeOffset());
    }
}
