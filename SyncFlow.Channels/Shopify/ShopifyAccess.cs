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

    /// <summary>Where GraphQL requests go.</summary>
    public Uri Endpoint => new(
        $"{BaseUrlTemplate.Replace("{shop}", Shop, StringComparison.Ordinal).TrimEnd('/')}/admin/api/{ApiVersion}/graphql.json");

    /// <summary>Without the token, so that a log of this record tells nothing.</summary>
    public override string ToString() => $"{Shop} at {Endpoint}";
}
