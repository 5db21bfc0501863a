using Microsoft.AspNetCore.Http.Metadata;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Security;

/// <summary>
/// What an API key may do. One scope does not hold another: a key that reads and writes has both. Which one a route
/// needs follows from its method and its tag, so that a new route is never open by mistake.
/// </summary>
internal static class Scopes
{
    /// <summary>Everything.</summary>
    public const string All = "*";

    /// <summary>To look: every GET.</summary>
    public const string Read = "read";

    /// <summary>To change stock, SKUs, locations, listings and their mapping.</summary>
    public const string Write = "write";

    /// <summary>To change how the service runs: connections, brakes, runs, dead letters, incidents.</summary>
    public const string Operate = "operate";

    private static readonly string[] OperatingTags = ["Connections", "Operations", "Brakes"];

    /// <summary>The scope that a request needs.</summary>
    public static string NeededFor(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        {
            return Read;
        }

        var tags = context.GetEndpoint()?.Metadata.GetMetadata<ITagsMetadata>()?.Tags ?? [];
        return tags.Any(OperatingTags.Contains) ? Operate : Write;
    }

    /// <summary>Whether a key holds a scope.</summary>
    public static bool Holds(ApiKey key, string scope) => key.Scopes.Contains(scope) || key.Scopes.Contains(All);
}
