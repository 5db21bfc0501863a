using System.Collections.Immutable;
using System.Text.Json;
using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify;

/// <summary>
/// Puts the lines of a bulk catalog together. Each product and each variant is a line; a variant names its product, and
/// may come before it: Shopify groups them only on request, and slower. Variants wait until their product came.
/// </summary>
internal sealed class BulkCatalogLines
{
    private readonly Dictionary<string, CatalogReading.ProductInfo> _products = new(StringComparer.Ordinal);
    private readonly List<(string Parent, JsonElement Variant)> _waiting = [];

    /// <summary>Takes one line, or says what is wrong with it; a variant whose product is known goes to <paramref name="into"/>.</summary>
    internal ChannelFault? Take(string line, ImmutableArray<CatalogItem>.Builder into)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (!root.TryGetProperty("__parentId", out var parentId))
            {
                _products[root.GetProperty("id").GetString()!] = CatalogReading.Product(root);
            }
            else if (_products.TryGetValue(parentId.GetString()!, out var product))
            {
                into.Add(CatalogReading.Item(root, product));
            }
            else
            {
                _waiting.Add((parentId.GetString()!, root.Clone()));
            }
        }
        catch (Exception shape) when (shape is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return new ChannelFault(ChannelFaultKind.Transient, "BULK_LINE", "a line of the result is not readable");
        }

        return null;
    }

    /// <summary>After the last line: the variants that waited. One without a product means that lines are missing.</summary>
    internal ChannelFault? Finish(ImmutableArray<CatalogItem>.Builder into)
    {
        foreach (var (parent, variant) in _waiting)
        {
            if (!_products.TryGetValue(parent, out var product))
            {
                return new ChannelFault(ChannelFaultKind.Transient, "BULK_LINE", "the result is not whole");
            }

            into.Add(CatalogReading.Item(variant, product));
        }

        return null;
    }
}
