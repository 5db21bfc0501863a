using System.Net;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Storage.Sources;
using SyncFlow.Tests.Api.StockOperations;
using SyncFlow.Tests.Support;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>The real Api with an ERP whose plant 1000 is MAIN, and the worker's part on the same database.</summary>
internal sealed class SourceStand : IAsyncDisposable
{
    private static readonly string[] Everything = ["onHand", "unavailable", "allocated", "posPending"];

    private int _numbers;

    private SourceStand(Warehouse warehouse) => Warehouse = warehouse;

    public Warehouse Warehouse { get; }

    public ApiApp Api => Warehouse.Api;

    public long Erp { get; private set; }

    public static async Task<SourceStand> OpenAsync(PostgresFixture postgres, RedisFixture redis)
    {
        var stand = new SourceStand(await Warehouse.OpenAsync(postgres, redis));
        stand.Erp = await stand.SourceAsync("ERP", "erp", ordering: "sequence");
        await stand.MapAsync("ERP,1000,MAIN");
        return stand;
    }

    public async Task<long> SourceAsync(
        string name, string kind, string ordering = "time", bool owns = true, bool gapless = false, string[]? writes = null, long? reference = null)
    {
        var (status, body) = await Api.PostAsync(
            "/api/v1/sources", new { name, kind, ordering, ownsOnHand = owns, gapless, writes = writes ?? Everything, referenceSystem = reference });
        status.ShouldBe(HttpStatusCode.Created, body?.ToJsonString());
        return (long)body!["id"]!;
    }

    /// <summary>Rows of the location map: system, place, location.</summary>
    public async Task MapAsync(params string[] rows)
    {
        var (status, body) = await CsvAsync("/api/v1/location-map/csv", "system,place,location\n" + string.Join('\n', rows));
        status.ShouldBe(HttpStatusCode.OK, body?.ToJsonString());
    }

    public Task<(HttpStatusCode Status, JsonNode? Body)> CsvAsync(string path, string text) => Api.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(text, System.Text.Encoding.UTF8, "text/csv") });

    /// <summary>Pushes, applies, and returns the answer.</summary>
    public async Task<JsonNode> PushAsync(long source, object batch)
    {
        var (status, body) = await Api.PostAsync($"/api/v1/sources/{source}/events", batch);
        status.ShouldBe(HttpStatusCode.OK, body?.ToJsonString());
        await Warehouse.ApplyAsync();
        return body!;
    }

    public Task<JsonNode> PushAsync(params object[] events) => PushAsync(Erp, new { events });

    public object Movement(string id, int units, string sku = "A", string location = "1000", long? sequence = null, string? reference = null, long? system = null) => new
    {
        id,
        type = "movement",
        sku,
        location,
        units,
        occurredAt = Moment(++_numbers),
        sequence = sequence ?? _numbers,
        reference,
        system,
    };

    public object Position(string id, int onHand, long sequence, string sku = "A", string location = "1000") =>
        new { id, type = "position", sku, location, onHand, occurredAt = Moment((int)sequence), sequence };

    public static string Moment(int minutes) => new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero).AddMinutes(minutes).ToString("O");

    /// <summary>What the worker does with events that were mapped meanwhile.</summary>
    public async Task<int> ReleaseAsync()
    {
        var released = await new HeldRelease(Warehouse.Worker, TimeProvider.System).RunAsync(new TenantId(1), CancellationToken.None);
        await Warehouse.ApplyAsync();
        return released;
    }

    /// <summary>Uploads a file of the ERP.</summary>
    public Task<(HttpStatusCode Status, JsonNode? Body)> UploadAsync(string path, byte[] bytes)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue("text/csv");
        return Api.SendAsync(new HttpRequestMessage(HttpMethod.Post, $"/api/v1/sources/{Erp}/{path}") { Content = content });
    }

    /// <summary>Sends a full refresh of the ERP; returns the file.</summary>
    public async Task<JsonNode> RefreshAsync(int sequence, string text)
    {
        var (status, body) = await UploadAsync(
            $"refreshes/csv?asOf=2026-03-01T08:{sequence:00}:00Z&sequence={sequence}", System.Text.Encoding.UTF8.GetBytes(text));
        status.ShouldBe(HttpStatusCode.Accepted, body?.ToJsonString());
        return body!["file"]!;
    }

    public Task<JsonNode> FileAsync(long id) => Api.GetAsync($"/api/v1/sources/{Erp}/files/{id}");

    public async Task<HttpStatusCode> DecideAsync(JsonNode file, string word) =>
        (await Api.PostAsync($"/api/v1/sources/{Erp}/files/{(long)file["id"]!}/{word}", new { })).Status;

    /// <summary>Approves a file where it waits, and has it booked.</summary>
    public async Task ApprovedAsync(JsonNode file)
    {
        if ((string)file["state"]! == "awaitsApproval")
        {
            (await DecideAsync(file, "approve")).ShouldBe(HttpStatusCode.OK);
        }

        await FilesAsync();
    }

    /// <summary>What the worker does with files.</summary>
    public async Task FilesAsync()
    {
        await new SourceFileApplier(Warehouse.Worker, TimeProvider.System).RunAsync(new TenantId(1), Warehouse.ApplyAsync, CancellationToken.None);
        await Warehouse.ApplyAsync();
    }

    /// <summary>What the worker does with the rows of files that are not booked.</summary>
    public async Task ClearAsync()
    {
        while (await new SourceFileClearing(Warehouse.Worker).NextAsync(new TenantId(1), SourceFileClearing.MostRows, CancellationToken.None))
        {
        }
    }

    /// <summary>SKUs S1 to Sn.</summary>
    public Task SkusAsync(int count) => Api.SqlAsync<long>(
        $"WITH made AS (INSERT INTO skus (tenant_id, code, code_key) SELECT 1, 'S' || n, 'S' || n FROM generate_series(1, {count}) n RETURNING 1) SELECT count(*) FROM made");

    public Task<long> UnitsAsync() => Api.SqlAsync<long>("SELECT coalesce(sum(on_hand), 0)::bigint FROM positions");

    public static string[] Outcomes(JsonNode answer) => [.. answer["items"]!.AsArray().Select(i => (string)i!["outcome"]!)];

    public ValueTask DisposeAsync() => Warehouse.DisposeAsync();
}
