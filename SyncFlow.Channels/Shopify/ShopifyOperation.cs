using System.Collections.Frozen;
using System.Reflection;
using System.Text.RegularExpressions;

namespace SyncFlow.Channels.Shopify;

/// <summary>One GraphQL operation, as written in <c>Shopify/Documents</c>.</summary>
/// <param name="Name">The file's name; the operation has the same.</param>
/// <param name="Document">Its text.</param>
/// <param name="IsMutation">Whether a lost answer leaves open what happened.</param>
public sealed partial record ShopifyOperation(string Name, string Document, bool IsMutation)
{
    /// <summary>All documents of this adapter by name.</summary>
    public static FrozenDictionary<string, ShopifyOperation> All { get; } = Load();

    internal static ShopifyOperation Named(string name) => All[name];

    private const string Extension = ".graphql";

    /// <summary>
    /// A file holds one operation or one fragment; an operation is sent with the fragments it spreads, directly or
    /// through others, each once.
    /// </summary>
    private static FrozenDictionary<string, ShopifyOperation> Load()
    {
        var texts = Read();
        return texts.Where(file => !file.Value.StartsWith("fragment", StringComparison.Ordinal))
            .Select(file => new ShopifyOperation(
                file.Key, WithFragments(file.Value, texts), file.Value.StartsWith("mutation", StringComparison.Ordinal)))
            .ToFrozenDictionary(operation => operation.Name, StringComparer.Ordinal);
    }

    private static Dictionary<string, string> Read()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var resource in assembly.GetManifestResourceNames().Where(r => r.EndsWith(Extension, StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            texts[resource[..^Extension.Length]] = reader.ReadToEnd();
        }

        return texts;
    }

    private static string WithFragments(string document, Dictionary<string, string> texts)
    {
        var parts = new List<string> { document };
        var taken = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < parts.Count; i++)
        {
            foreach (var name in Spreads().Matches(parts[i]).Select(match => match.Groups[1].Value).Where(taken.Add))
            {
                parts.Add(texts[name]);
            }
        }

        return string.Join('\n', parts);
    }

    /// <summary>A spread of a named fragment; inline fragments have a space and a type condition.</summary>
    [GeneratedRegex(@"\.\.\.([A-Z]\w*)")]
    private static partial Regex Spreads();
}
