namespace SyncFlow.Channels.Shopify;

/// <summary>How a shop is reached.</summary>
/// <param name="Shop">Its permanent domain, for example <c>alpine.myshopify.com</c>.</param>
/// <param name="BaseUrlTemplate">Address with <c>{shop}</c> in it, for example <c>https://{shop}</c>; no slash at the end.</param>
/// <param name="ApiVersion">Admin API version, for example <c>2026-10</c>.</param>
/// <param name="Token">The access token; secret.</param>
public sealed record ShopifyAccess(string Shop, string BaseUrlTemplate, string ApiVersion, string Token)
{
    /// <summary>The version this adapter's documents are written against.</summary>
    public const string CurrentVersion = "2026-10";

    /// <summary>
    /// Gets another token than the one that was refused, null where there is none; left out for access that cannot be
    /// renewed. A call that was refused (401) is sent once more with what it brings, never twice.
    /// </summary>
    public Func<string, CancellationToken, Task<string?>>? Renew { get; init; }

    /// <summary>Where GraphQL requests go.</summary>
    public Uri Endpoint => new(
        $"{BaseUrlTemplate.Replace("{shop}", Shop, StringComparison.Ordinal).TrimEnd('/')}/admin/api/{ApiVersion}/graphql.json");

    /// <summary>Without the token, so that a log of this record tells nothing.</summary>
    public override string ToString() => $"{Shop} at {Endpoint}";
}
