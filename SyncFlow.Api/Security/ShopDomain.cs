using System.Text.RegularExpressions;

namespace SyncFlow.Api.Security;

/// <summary>
/// Permanent domains of Shopify stores. Only these are called and put into headers: a merchant who could name any host
/// could have us call our own network.
/// </summary>
internal static partial class ShopDomain
{
    /// <summary>Whether a text is such a domain and nothing else.</summary>
    public static bool IsValid(string? text) => text is { Length: <= 255 } && Domain().IsMatch(text);

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]*\.myshopify\.com\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Domain();
}
