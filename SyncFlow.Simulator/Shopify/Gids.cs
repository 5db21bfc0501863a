using System.Globalization;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify;

/// <summary>Shopify's global ids: <c>gid://shopify/Type/number</c>.</summary>
internal static class Gids
{
    internal static string Of(string type, long id) => string.Create(CultureInfo.InvariantCulture, $"gid://shopify/{type}/{id}");

    internal static string Of(Level level) => string.Create(
        CultureInfo.InvariantCulture,
        $"gid://shopify/InventoryLevel/{level.LocationId}?inventory_item_id={level.ItemId}");

    /// <summary>The number of a gid of one type; null when it is not one. A bare number is taken too, as Shopify does.</summary>
    internal static long? Number(string? gid, string type)
    {
        if (gid is null)
        {
            return null;
        }

        var prefix = $"gid://shopify/{type}/";
        var text = gid.StartsWith(prefix, StringComparison.Ordinal) ? gid[prefix.Length..] : gid;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
    }

    /// <summary>The type named in a gid; null when the text is no gid.</summary>
    internal static string? TypeOf(string gid)
    {
        const string prefix = "gid://shopify/";
        if (!gid.StartsWith(prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var end = gid.IndexOf('/', prefix.Length);
        return end < 0 ? null : gid[prefix.Length..end];
    }

    /// <summary>Item and location of an inventory level's gid.</summary>
    internal static (long Item, long Location)? Level(string gid)
    {
        const string mark = "?inventory_item_id=";
        var at = gid.IndexOf(mark, StringComparison.Ordinal);
        return at > 0
            && Number(gid[..at], "InventoryLevel") is { } location
            && long.TryParse(gid.AsSpan(at + mark.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var item)
            ? (item, location)
            : null;
    }

    /// <summary>A moment as GraphQL shows it: UTC, whole seconds.</summary>
    internal static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    internal static string? Time(DateTimeOffset? at) => at is { } moment ? Time(moment) : null;
}
