using System.Collections.Immutable;
using System.Text.Json;
using SyncFlow.Core;
using SyncFlow.Core.Stock;

namespace SyncFlow.Storage.Allocation;

/// <summary>Components as they stand in JSON: <c>[[SKU, units], …]</c>, by SKU.</summary>
internal static class ComponentJson
{
    /// <summary>The text to store; null where there are none.</summary>
    public static string? Write(ImmutableArray<Component> components) => components.IsEmpty
        ? null
        : JsonSerializer.Serialize(components.OrderBy(c => c.Sku.Value).Select(c => new[] { c.Sku.Value, c.Units }));

    /// <summary>Reads the stored text.</summary>
    /// <exception cref="JsonException">It is not such components.</exception>
    public static ImmutableArray<Component> Read(string? json) => json is null
        ? []
        : [.. JsonSerializer.Deserialize<long[][]>(json)!.Select(c => new Component(new SkuId(c[0]), checked((int)c[1])))];
}
