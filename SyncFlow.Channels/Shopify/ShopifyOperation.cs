using System.Collections.Frozen;
using System.Reflection;

namespace SyncFlow.Channels.Shopify;

/// <summary>One GraphQL operation, as written in <c>Shopify/Documents</c>.</summary>
/// <param name="Name">The file's name; the operation has the same.</param>
/// <param name="Document">Its text.</param>
/// <param name="IsMutation">Whether a lost answer leaves open what happened.</param>
public sealed record ShopifyOperation(string Name, string Document, bool IsMutation)
{
    /// <summary>All documents of this adapter by name.</summary>
    public static FrozenDictionary<string, ShopifyOperation> All { get; } = Load();

    internal static ShopifyOperation Named(string name) => All[name];

    private static FrozenDictionary<string, ShopifyOperation> Load()
    {
        const string Extension = ".graphql";
        var assembly = Assembly.GetExecutingAssembly();
        return assembly.GetManifestResourceNames()
            .Where(resource => resource.EndsWith(Extension, StringComparison.Ordinal))
            .Select(resource => Read(assembly, resource, resource[..^Extension.Length]))
            .ToFrozenDictionary(operation => operation.Name, StringComparer.Ordinal);
    }

    private static ShopifyOperation Read(Assembly assembly, string resource, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        var text = reader.ReadToEnd();
        return new ShopifyOperation(name, text, text.StartsWith("mutation", StringComparison.Ordinal));
    }
}
