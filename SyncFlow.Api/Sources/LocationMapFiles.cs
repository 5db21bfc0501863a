using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Csv;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Channels.Sources;
using SyncFlow.Storage.Operations;
using SyncFlow.Storage.Sources;

namespace SyncFlow.Api.Sources;

/// <summary>
/// The location map over all systems: which of our locations an ERP's plant, a warehouse's site, a till's shop, a 3PL's
/// facility or a store's own location is. As a list and as a file, out and in.
/// </summary>
internal sealed class LocationMapFiles : IEndpoint
{
    private const int MostRows = 10_000;

    public static readonly CsvColumns Columns = new(["system", "place", "location"], ["name", "kind", "fulfillsOnline"], ["ERP", "1000/0001", "MAIN", "", "", ""]);

    private static readonly string[] Export = ["system", "kind", "place", "name", "location", "fulfillsOnline"];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/location-map", ListAsync).WithName("ListLocationMap").WithTags("Locations").Needs(Permission.LocationsRead)
            .WithSummary("Lists every system's own places and our locations behind them; those without one wait to be mapped.");
        routes.MapGet("/location-map/csv", ExportAsync).WithName("ExportLocationMap").WithTags("Locations").Needs(Permission.LocationsRead).WithSummary("The location map as a file.");
        routes.MapPost("/location-map/csv", ImportAsync).WithName("ImportLocationMap").WithTags("Locations").Needs(Permission.LocationsWrite).Accepts<string>(CsvFile.ContentType)
            .WithSummary("Maps places of sources from a file, all rows or none; dryRun=true only checks it.");
    }

    private static async Task<Ok<Page<LocationMapLine>>> ListAsync(Caller caller, SourceMapDesk map, [AsParameters] PageQuery page, CancellationToken ct)
    {
        var lines = await map.MapAsync(caller.Tenant, After(page), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(lines, line => string.Create(CultureInfo.InvariantCulture, $"{line.ConnectionId} {line.Place}")));
    }

    private static (long, string)? After(PageQuery page)
    {
        if (page.AfterText() is not { } text)
        {
            return null;
        }

        var gap = text.IndexOf(' ', StringComparison.Ordinal);
        return gap > 0 && long.TryParse(text.AsSpan(0, gap), NumberStyles.None, CultureInfo.InvariantCulture, out var connection)
            ? (connection, text[(gap + 1)..])
            : throw PageQuery.NotOurs();
    }

    private static async Task<EmptyHttpResult> ExportAsync(Caller caller, SourceMapDesk map, HttpResponse response, CancellationToken ct)
    {
        var rows = CsvDownload.PagesAsync<LocationMapLine>(
            last => map.MapAsync(caller.Tenant, last is null ? null : (last.ConnectionId, last.Place), CsvDownload.PageRows, ct),
            l => [l.System, l.Kind, CsvDownload.Free(l.Place), CsvDownload.Free(l.Name), l.Location, l.FulfillsOnline]);
        await CsvDownload.WriteAsync(response, "location-map", Export, rows, ct).ConfigureAwait(false);
        return TypedResults.Empty;
    }

    private static async Task<Results<Ok<CsvReport>, Accepted<CsvReport>, Refused>> ImportAsync(
        HttpRequest request, bool? dryRun, Caller caller, SourceMapDesk map, OperationDesk codes, CancellationToken ct)
    {
        var systems = await map.SystemsAsync(caller.Tenant, ct).ConfigureAwait(false);
        var lines = new Dictionary<(long, string), int>();
        return await CsvImport.RunAsync(request, dryRun, new CsvIntake<MapRow>(Columns, MostRows, MostRows, CheckAsync, ApplyAsync), ct).ConfigureAwait(false);

        async Task<List<CheckedRow<MapRow>>> CheckAsync(IReadOnlyList<CsvRow> rows, CancellationToken stop)
        {
            var known = await codes.CodesAsync(caller.Tenant, [], rows.Select(r => r.Text("location")).OfType<string>(), stop).ConfigureAwait(false);
            var read = rows.Select(row =>
            {
                var check = new Check();
                return (Wish: Read(row, systems, known, lines, check), Check: check);
            }).ToList();
            var used = await map.UsedAsync(caller.Tenant, [.. read.Select(r => r.Wish).OfType<MapRow>().Select(r => r.Wish)], stop).ConfigureAwait(false);
            foreach (var (row, check) in read)
            {
                check.That(
                    row is null || !used.Any(u => u.Connection == row.Wish.Connection && u.Place == row.Wish.Place && u.Location != row.Wish.Location),
                    "location", "Units were reported at this place; it cannot be given to another location.");
            }

            return read.ConvertAll(r => new CheckedRow<MapRow>(r.Check.Holds ? r.Wish : null, r.Check));
        }

        async Task<(int, List<CsvError>)> ApplyAsync(IReadOnlyList<(CsvRow Row, MapRow Map)> rows, CancellationToken stop) =>
            (await map.MapPlacesAsync(caller.Tenant, [.. rows.Select(r => r.Map.Wish)], stop).ConfigureAwait(false), []);
    }

    private static MapRow? Read(
        CsvRow row, ILookup<string, (long Id, bool IsSource)> systems, CodeBook codes, Dictionary<(long, string), int> lines, Check check)
    {
        var (system, place, location) = (row.Text("system"), row.Text("place"), row.Text("location"));
        var named = system is null ? [] : systems[system].ToList();
        check.Text(system, "system", CreateSource.LongestName).Text(place, "place", SourceEventInput.LongestPlace)
            .That(system is null || named.Count > 0, "system", "There is no connection of this name.")
            .That(named.Count < 2, "system", "Several connections have this name.")
            .That(named.Count != 1 || named[0].IsSource, "system", "A store's own locations are mapped at location-mappings, where its levels are looked at.")
            .That(location is null || codes.Location(location) is not null, "location", "There is no location with this code.");
        if (!check.Holds || location is null)
        {
            return null; // A place nobody gave a location is left as it is.
        }

        var wish = new PlaceWish(named[0].Id, place!, codes.Location(location)!.Value);
        if (!lines.TryAdd((wish.Connection, wish.Place), row.Line))
        {
            var first = lines[(wish.Connection, wish.Place)];
            check.That(first == row.Line, "place", $"Line {first} maps this place.");
        }

        return check.Holds ? new MapRow(wish) : null;
    }

    private sealed record MapRow(PlaceWish Wish);
}
