using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Skus;

/// <summary>SKU codes in addresses, and the tag of a SKU's settings.</summary>
internal static class SkuCode
{
    public const int Longest = Limits.SkuCode;

    /// <summary>The code that a route value stands for: the host decodes all but the slash, which would end the segment.</summary>
    public static string FromRoute(string value) => value.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    /// <summary>Changes whenever a setting does.</summary>
    public static string ETagOf(SkuView sku)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture, $"{sku.Id}\n{(short)sku.Mode}\n{sku.SafetyBuffer}\n{sku.RiskBudget}\n{sku.Title}");
        return $"\"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8))}\"";
    }
}
