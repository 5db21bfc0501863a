using System.Globalization;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Channels;

namespace SyncFlow.Worker.Work;

/// <summary>Units that a closed location keeps are an incident for as long as they are there.</summary>
internal sealed class PlaceLife(StrandedStock stranded, ChannelStore channels, TimeProvider time)
{
    /// <summary>The kind of these incidents.</summary>
    public const string Kind = "stranded-units";

    /// <summary>Opens, renews and closes the incidents of a tenant. Doing it again changes nothing.</summary>
    public async Task ReportAsync(TenantId tenant, CancellationToken ct)
    {
        var found = await stranded.ListAsync(tenant, ct).ConfigureAwait(false);
        var open = await stranded.OpenIncidentsAsync(tenant, Kind, ct).ConfigureAwait(false);
        foreach (var place in found)
        {
            await channels.OpenIncidentAsync(
                tenant,
                new Incident(
                    Key(place.LocationId), Kind,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{place.Name} is closed on its channel: {place.Units} units of {place.Skus} SKUs there cannot be sold online."),
                    null, null, null, time.GetUtcNow()),
                ct).ConfigureAwait(false);
        }

        var cured = open.Except(found.Select(place => Key(place.LocationId)), StringComparer.Ordinal).ToList();
        if (cured.Count > 0)
        {
            await channels.CloseIncidentsAsync(tenant, cured, ct).ConfigureAwait(false);
        }
    }

    private static string Key(long location) => string.Create(CultureInfo.InvariantCulture, $"stranded:{location}");
}
