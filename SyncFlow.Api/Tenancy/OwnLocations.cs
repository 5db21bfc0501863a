using SyncFlow.Api.Security;
using SyncFlow.Storage.Identity;

namespace SyncFlow.Api.Tenancy;

/// <summary>Checks that locations which a key or a person is to be held to are the tenant's.</summary>
internal sealed class OwnLocations(Caller caller, ApiKeyDesk desk)
{
    /// <summary>Notes a location that is not; only where nothing else is wrong so far.</summary>
    /// <param name="wanted">Null for all locations.</param>
    public async Task CheckAsync(IReadOnlyList<long>? wanted, Check check, CancellationToken ct)
    {
        if (check.Holds && wanted is not null)
        {
            var known = await desk.KnownLocationsAsync(caller.Tenant, [.. wanted], ct).ConfigureAwait(false);
            check.That(wanted.All(known.Contains), "locationIds", "One of them is no location of yours.");
        }
    }
}
