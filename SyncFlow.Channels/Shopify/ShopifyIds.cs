using System.Globalization;

namespace SyncFlow.Channels.Shopify;

/// <summary>
/// Shopify's ids: webhooks carry 64-bit numbers, GraphQL carries <c>gid://shopify/Type/number</c>, some with a query.
/// Inside SyncFlow an external reference is the number as text.
/// </summary>
public static class ShopifyIds
{
    private const string Scheme = "gid://shopify/";

    /// <summary>Starts a reference to a fulfilment order, where a webhook names no order.</summary>
    public const string FulfillmentOrderPrefix = "fulfillment_order:";

    /// <summary>The number in a gid or in plain digits; null when there is none.</summary>
    public static string? Numeric(string? id)
    {
        if (id is null)
        {
            return null;
        }

        var text = id.AsSpan();
        if (text.StartsWith(Scheme, StringComparison.Ordinal))
        {
            text = text[Scheme.Length..];
            text = text[(text.IndexOf('/') + 1)..];
            var query = text.IndexOf('?');
            text = query < 0 ? text : text[..query];
        }

        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number.ToString(CultureInfo.InvariantCulture)
            : null;
    }

    /// <summary>The number in a gid or in plain digits, as UTF-8; 0 when there is none.</summary>
    internal static ulong Number(ReadOnlySpan<byte> id)
    {
        if (id.StartsWith("gid://shopify/"u8))
        {
            id = id["gid://shopify/"u8.Length..];
            id = id[(id.IndexOf((byte)'/') + 1)..];
            var query = id.IndexOf((byte)'?');
            id = query < 0 ? id : id[..query];
        }

        return ulong.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    /// <summary>The gid of a numeric reference.</summary>
    internal static string Gid(string type, string reference) => $"{Scheme}{type}/{reference}";
}
