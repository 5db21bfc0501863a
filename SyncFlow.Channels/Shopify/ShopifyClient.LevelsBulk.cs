using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;
using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify;

/// <summary>What a level showed at some moment of a bulk operation; when exactly, nobody says.</summary>
/// <param name="Available">Units; negative when the shop oversold.</param>
public readonly record struct BulkLevel(string ItemRef, string ExternalLocation, int Available);

// Reading all levels of a shop by one bulk operation.
public sealed partial class ShopifyClient
{
    private const int LevelsPerBulkPage = 5_000;

    /// <summary>
    /// Every active level of the shop in pages, each once; a fault ends the reading. Costs a mutation and one small query
    /// every few seconds, whatever the number of levels. The moment of each value is unknown, so it may find what looks
    /// wrong but proves nothing.
    /// </summary>
    public async IAsyncEnumerable<ChannelResult<ImmutableArray<BulkLevel>>> ReadLevelsInBulkAsync(
        [EnumeratorCancellation] CancellationToken cancel)
    {
        var result = await RunBulkAsync(ShopifyOperation.Named("LevelsBulk"), cancel);
        if (!result.Succeeded)
        {
            yield return result.Fault;
            yield break;
        }

        if (result.Value.Length == 0)
        {
            yield break;
        }

        var page = ImmutableArray.CreateBuilder<BulkLevel>(LevelsPerBulkPage);
        await foreach (var line in DownloadAsync(new Uri(result.Value), cancel))
        {
            if ((line.Succeeded ? TakeLevel(line.Value, page) : line.Fault) is { } fault)
            {
                yield return fault;
                yield break;
            }

            if (page.Count == LevelsPerBulkPage)
            {
                yield return page.ToImmutable();
                page.Clear();
            }
        }

        yield return page.ToImmutable();
    }

    /// <summary>Items and levels are lines of their own; a level names its item, and may come before it.</summary>
    private static ChannelFault? TakeLevel(string line, ImmutableArray<BulkLevel>.Builder into)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (root.TryGetProperty("__parentId", out var item))
            {
                into.Add(new BulkLevel(
                    ShopifyIds.Numeric(item.GetString()) ?? throw new FormatException("an id is not numeric"), Ref(root.GetProperty("location")),
                    root.GetProperty("quantities").EnumerateArray().Single().GetProperty("quantity").GetInt32()));
            }
        }
        catch (Exception shape) when (shape is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return new ChannelFault(ChannelFaultKind.Transient, "BULK_LINE", "a line of the result is not readable");
        }

        return null;
    }
}
