using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Locations;

/// <summary>The tag of a location's settings.</summary>
internal static class LocationTag
{
    /// <summary>Changes whenever a setting does.</summary>
    public static string Of(LocationView location)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{location.Id}\n{location.FulfillsOnline}\n{location.PoolGroup}\n{location.OffersPickup}\n{location.InspectReturns}\n{location.Name}");
        return $"\"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8))}\"";
    }
}
