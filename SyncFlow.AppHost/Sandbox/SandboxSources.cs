using System.Globalization;
using System.Text.Json.Nodes;

namespace SyncFlow.AppHost.Sandbox;

/// <summary>
/// The sandbox's ERP, WMS, tills and 3PL: set up through the public API, at work while buyers buy, and at the end asked
/// whether SyncFlow's totals are what their own books say.
/// </summary>
internal sealed class SandboxSources(SourcesClient sources, ApiClient api, WorldClient world, TimeProvider time, TextWriter output)
{
    /// <summary>Seconds between two rounds of asking.</summary>
    private const int Cadence = 5;

    private const int AtOnce = 8;

    private const string Shop = "SHOP-1";
    private const string Facility = "FAC-1";

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private static readonly (string Kind, string Name, string Ordering, string Strategy, bool Owns, string[] Writes)[] Systems =
    [
        ("erp", "ERP", "sequence", "delta-pull", true, ["onHand"]),
        ("wms", "WMS", "time", "delta-pull", false, ["allocated"]),
        ("pos", "Tills", "time", "push", false, ["posPending"]),
        ("3pl", "3PL", "time", "delta-pull", true, ["onHand"]),
    ];

    private readonly Dictionary<string, string> ids = [];

    /// <summary>Sets them up, and opens their books with what the main store has.</summary>
    public async Task SetUpAsync(CancellationToken cancellation)
    {
        if ((await sources.ListAsync(cancellation).ConfigureAwait(false)).Count > 0)
        {
            throw sources.Failed("Setting the sources up", "an earlier start had them, and they remember nothing of it; start with --clean.");
        }

        foreach (var system in Systems)
        {
            ids[system.Kind] = await sources.CreateAsync(
                system.Kind, system.Name, system.Ordering, system.Strategy, Cadence, system.Owns, system.Writes, cancellation).ConfigureAwait(false);
        }

        var office = await world.OfficeAsync(cancellation).ConfigureAwait(false);
        await MapAsync(office, cancellation).ConfigureAwait(false);
        await OpenAsync(cancellation).ConfigureAwait(false);
        var token = office.Text("token") ?? throw sources.Failed("Setting the sources up", "the back office has no 'token'.");
        await sources.PullAsync(ids["erp"], $"{world.OfficeUrl}/erp", token, movements: true, positions: true, pickTasks: false, cancellation).ConfigureAwait(false);
        await sources.PullAsync(ids["wms"], $"{world.OfficeUrl}/wms", token, movements: true, positions: false, pickTasks: true, cancellation).ConfigureAwait(false);
        await sources.PullAsync(ids["3pl"], $"{world.OfficeUrl}/3pl", token, movements: true, positions: true, pickTasks: false, cancellation).ConfigureAwait(false);
        await UntilAsync(
            async () => await sources.IsOpenedAsync(ids["erp"], cancellation).ConfigureAwait(false) && await sources.IsOpenedAsync(ids["3pl"], cancellation).ConfigureAwait(false),
            "the positions of ERP and 3PL are not booked", cancellation).ConfigureAwait(false);
        output.WriteLine("ERP, WMS, tills and 3PL are connected: the ERP keeps the books, the WMS ships, the tills push.");
    }

    /// <summary>Has all finished and told; then says per source how it went, and whether totals agree.</summary>
    /// <returns>What does not agree, in words.</returns>
    public async Task<SourcesReport> FinishAsync(CancellationToken cancellation)
    {
        var busy = await sources.ListAsync(cancellation).ConfigureAwait(false);
        var now = time.GetUtcNow();
        await world.DrainOfficeAsync(cancellation).ConfigureAwait(false);
        var since = time.GetTimestamp();
        while (true)
        {
            var office = await world.OfficeAsync(cancellation).ConfigureAwait(false);
            if (office.Items("systems").All(system => system.Number("pending") == 0))
            {
                await AskAllAsync(cancellation).ConfigureAwait(false);
                var settled = await api.PipelineAsync(now, cancellation).ConfigureAwait(false);
                var differences = settled.IsPublished ? await DifferencesAsync(office, cancellation).ConfigureAwait(false) : ["events still wait"];
                if (differences.Count == 0 || time.GetElapsedTime(since) > Limit)
                {
                    var tallies = await TalliesAsync(office, cancellation).ConfigureAwait(false);
                    return new SourcesReport(
                        [.. tallies.Select(tally => Line(tally, busy, office, now))], [.. tallies.Select(t => t.Difference).OfType<string>(), .. differences]);
                }
            }
            else if (time.GetElapsedTime(since) > Limit)
            {
                return new SourcesReport([], ["the back office did not finish its work"]);
            }

            await Task.Delay(LookEvery, time, cancellation).ConfigureAwait(false);
        }
    }

    private async Task AskAllAsync(CancellationToken cancellation)
    {
        foreach (var kind in new[] { "erp", "wms", "3pl" })
        {
            await sources.AskAsync(ids[kind], cancellation).ConfigureAwait(false);
        }

        await Task.Delay(TimeSpan.FromSeconds(2), time, cancellation).ConfigureAwait(false); // A worker looks every second who is to be asked.
    }

    /// <summary>The ERP's and the warehouse's places are the main store's; the tills' shop and the 3PL's facility are of their own.</summary>
    private async Task MapAsync(JsonNode? office, CancellationToken cancellation)
    {
        var lines = new List<string> { $"ERP,1000/0900,{Shop}", $"Tills,{Shop},{Shop}", $"3PL,{Facility},{Facility}" };
        foreach (var place in office.Items("places"))
        {
            var code = SandboxSetup.LocationCode(place.Text("name") ?? "");
            lines.AddRange([$"ERP,{place.Text("place")},{code}", $"WMS,{place.Text("place")},{code}"]);
        }

        await api.CreateLocationAsync(Shop, "Shop in town", fulfillsOnline: false, cancellation).ConfigureAwait(false);
        await api.CreateLocationAsync(Facility, "3PL facility", fulfillsOnline: false, cancellation).ConfigureAwait(false);
        await sources.MapAsync(lines, cancellation).ConfigureAwait(false);
    }

    private async Task OpenAsync(CancellationToken cancellation)
    {
        var stores = await api.ConnectionsAsync(cancellation).ConfigureAwait(false);
        JsonObject Source(string kind, double skew) => new() { ["sourceId"] = long.Parse(ids[kind], CultureInfo.InvariantCulture), ["skewSeconds"] = skew };
        var (url, key) = sources.Access;
        var known = new JsonObject();
        foreach (var store in stores.Where(store => store.Shop.Length > 0))
        {
            known[store.Shop] = long.Parse(store.Id, CultureInfo.InvariantCulture);
        }

        await world.OpenOfficeAsync(
            new JsonObject
            {
                ["apiUrl"] = url,
                ["apiKey"] = key,
                ["erp"] = Source("erp", 0),
                ["wms"] = Source("wms", 300),
                ["pos"] = Source("pos", -180),
                ["threePl"] = Source("3pl", 45),
                ["stores"] = known,
            },
            cancellation).ConfigureAwait(false);
    }

    /// <summary>Every SKU at every place: what SyncFlow says against the systems' own books, and against what is really there.</summary>
    private async Task<List<string>> DifferencesAsync(JsonNode? office, CancellationToken cancellation)
    {
        var places = office.Items("places").ToDictionary(p => p.Text("place") ?? "", p => SandboxSetup.LocationCode(p.Text("name") ?? ""));
        places["1000/0900"] = Shop;
        places[Facility] = Facility;
        places[Shop] = Shop;
        var books = office.Items("systems").SelectMany(system => system.Items("stock").Select(row => (
            System: system.Text("name") ?? "", Sku: row.Text("sku") ?? "", Location: places[row.Text("location") ?? ""], Units: (long)(row.Number("units") ?? 0)))).ToList();
        var truth = await world.TruthAsync(cancellation).ConfigureAwait(false);
        var main = office.Items("places").Select(p => places[p.Text("place") ?? ""]).ToList();
        var differences = new System.Collections.Concurrent.ConcurrentBag<string>();
        await Parallel.ForEachAsync(books.GroupBy(b => b.Sku), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation }, async (sku, ct) =>
        {
            var stock = await sources.StockAsync(sku.Key, ct).ConfigureAwait(false);
            long At(string location, string bucket) => (long)(stock.GetValueOrDefault(location).Number(bucket) ?? 0);
            foreach (var book in sku.Where(book => At(book.Location, "onHand") != book.Units))
            {
                differences.Add(string.Create(CultureInfo.InvariantCulture, $"{sku.Key} at {book.Location}: {At(book.Location, "onHand")} on hand, {book.System} has {book.Units}"));
            }

            foreach (var bucket in new[] { "committed", "allocated", "posPending", "shippedUnposted" })
            {
                if (stock.Keys.Sum(location => At(location, bucket)) is not 0 and var left)
                {
                    differences.Add(string.Create(CultureInfo.InvariantCulture, $"{sku.Key}: {left} units are {bucket}, all was shipped and posted"));
                }
            }

            if (main.Sum(location => At(location, "onHand")) is var total && truth.TryGetValue(sku.Key, out var really) && total != really)
            {
                differences.Add(string.Create(CultureInfo.InvariantCulture, $"{sku.Key}: {total} on hand at the main store's places, {really} are really there"));
            }
        }).ConfigureAwait(false);
        return [.. differences.Order(StringComparer.Ordinal)];
    }

    private async Task<IReadOnlyList<SourceTally>> TalliesAsync(JsonNode? office, CancellationToken cancellation)
    {
        var tallies = new List<SourceTally>();
        var all = await sources.ListAsync(cancellation).ConfigureAwait(false);
        foreach (var source in all.Where(one => ids.ContainsValue(one.Id))) // Whoever tries the API may have made others.
        {
            var positions = await sources.PositionsAsync(source.Id, cancellation).ConfigureAwait(false);
            tallies.Add(new SourceTally(source, (long)(SystemOf(office, source.Id).Number("rows") ?? 0), positions, source.Id == ids["wms"]));
        }

        return tallies;
    }

    private static JsonObject SystemOf(JsonNode? office, string source) => office.Items("systems").Single(s => s.Text("sourceId") == source);

    private static string Line(SourceTally tally, IReadOnlyList<SourceFigures> busy, JsonNode? office, DateTimeOffset now)
    {
        var before = busy.Single(b => b.Id == tally.Source.Id);
        var lag = before.HeardAt is { } at ? $"heard {Math.Max(0, (now - at).TotalSeconds).ToString("0.0", CultureInfo.InvariantCulture)} s before the end" : "never heard";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{tally}; away {SystemOf(office, tally.Source.Id).Number("outages")} times, {lag}, health {before.Health}");
    }

    private async Task UntilAsync(Func<Task<bool>> condition, string otherwise, CancellationToken cancellation)
    {
        var since = time.GetTimestamp();
        while (!await condition().ConfigureAwait(false))
        {
            if (time.GetElapsedTime(since) > Limit)
            {
                throw sources.Failed("Setting the sources up", otherwise + ".");
            }

            await Task.Delay(LookEvery, time, cancellation).ConfigureAwait(false);
        }
    }
}

/// <summary>How the sources did.</summary>
/// <param name="Lines">A line for each.</param>
/// <param name="Differences">Where SyncFlow's totals are not what the systems' books say.</param>
internal sealed record SourcesReport(IReadOnlyList<string> Lines, IReadOnlyList<string> Differences)
{
    private const int MostTold = 10;

    /// <summary>Writes it into the summary.</summary>
    public void Write(TextWriter output)
    {
        foreach (var line in Lines)
        {
            output.WriteLine(line);
        }

        foreach (var difference in Differences.Take(MostTold))
        {
            output.WriteLine($"NOT KEPT: {difference}.");
        }

        output.WriteLine(Differences.Count == 0
            ? "SyncFlow's totals are what the books of ERP, WMS, tills and 3PL say, and what is really there."
            : string.Create(CultureInfo.InvariantCulture, $"{Differences.Count} totals differ from the sources' books."));
    }
}
