using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Npgsql;
using Shouldly;
using SyncFlow.Tests.Support;
using SyncFlow.Worker;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>A source whose own PostgreSQL database is read, the real Api and a real worker.</summary>
internal sealed class CaptureStand : IAsyncDisposable
{
    /// <summary>A table of movements, as an ERP would have it.</summary>
    public const string Moves =
        """
        CREATE TABLE moves (move_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, item text, site text, qty text, moved_at timestamptz DEFAULT clock_timestamp(), note text);
        CREATE TABLE other (n int);
        CREATE PUBLICATION syncflow FOR TABLE moves
        """;

    /// <summary>A table of positions.</summary>
    public const string Stock =
        """
        CREATE TABLE stock (item text, site text, on_hand int, PRIMARY KEY (item, site));
        CREATE PUBLICATION syncflow FOR TABLE stock
        """;

    private readonly string _redis;
    private readonly NpgsqlDataSource _erp;
    private WebApplication? _worker;

    private CaptureStand(SourceStand stand, string redis, string erp)
    {
        Stand = stand;
        _redis = redis;
        ErpDatabase = erp;
        _erp = NpgsqlDataSource.Create(erp);
    }

    public SourceStand Stand { get; }

    public ApiApp Api => Stand.Api;

    /// <summary>The source.</summary>
    public long Id { get; private set; }

    /// <summary>Connection string of the source's own database.</summary>
    public string ErpDatabase { get; }

    /// <summary>The slot: its name is of the whole server, which tests share.</summary>
    public string Slot => "syncflow_" + new NpgsqlConnectionStringBuilder(ErpDatabase).Database;

    /// <param name="schema">The source's own tables.</param>
    /// <param name="erp">Its database; a new one on the shared server when left out.</param>
    public static async Task<CaptureStand> OpenAsync(PostgresFixture postgres, RedisFixture redis, string schema, string? erp = null, bool worker = true)
    {
        var stand = new CaptureStand(
            await SourceStand.OpenAsync(postgres, redis), await redis.ConfigurationAsync(), erp ?? await postgres.CreateEmptyDatabaseAsync());
        await stand.ErpAsync(schema);
        var (status, body) = await stand.Api.PostAsync("/api/v1/sources", new
        {
            name = "WMS",
            kind = "wms",
            strategy = "changeCapture",
            ownsOnHand = true,
            writes = new[] { "onHand", "unavailable" },
        });
        status.ShouldBe(HttpStatusCode.Created, body?.ToJsonString());
        stand.Id = (long)body!["id"]!;
        await stand.Stand.MapAsync("WMS,X,MAIN", "WMS,Y,SIDE");
        if (worker)
        {
            await stand.StartWorkerAsync();
        }

        return stand;
    }

    public Dictionary<string, string?> WorkerSettings() => new()
    {
        ["ConnectionStrings:syncflow"] = Api.Database,
        ["ConnectionStrings:redis"] = _redis,
        ["SyncFlow:SecretsKey"] = Convert.ToBase64String(new byte[32]),
        ["Sources:Capture:AllowedNetworks"] = "127.0.0.1/32",
    };

    public async Task StartWorkerAsync()
    {
        _worker = WorkerHost.Build([], builder =>
        {
            builder.Configuration.AddInMemoryCollection(WorkerSettings());
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
        });
        await _worker.StartAsync();
    }

    public async Task StopWorkerAsync()
    {
        await _worker!.StopAsync();
        await _worker.DisposeAsync();
        _worker = null;
    }

    /// <summary>Stores a mapping and has the source read by it.</summary>
    public async Task MapAsync(object fields)
    {
        (await PutAsync("/api/v1/source-mappings/own", new { fields })).Status.ShouldBe(HttpStatusCode.OK);
        (await PutAsync($"/api/v1/sources/{Id}/mapping", new { mapping = "own" })).Status.ShouldBe(HttpStatusCode.OK);
    }

    public Task MapMovesAsync(string units = "{qty}") =>
        MapAsync(new { id = "{move_id}", type = "movement", sku = "{item}", location = "{site}", units, occurredAt = "{moved_at}" });

    public Task MapStockAsync() =>
        MapAsync(new { id = "{$change}", type = "position", sku = "{item}", location = "{site}", onHand = "{on_hand}", occurredAt = "{$committedAt}" });

    /// <summary>Names what is read, with changes to the usual.</summary>
    public async Task<(HttpStatusCode Status, JsonNode? Body)> TryCaptureAsync(string table, Action<JsonObject>? change = null)
    {
        var erp = new NpgsqlConnectionStringBuilder(ErpDatabase);
        var request = new JsonObject
        {
            ["host"] = "127.0.0.1",
            ["port"] = erp.Port,
            ["database"] = erp.Database,
            ["username"] = erp.Username,
            ["password"] = erp.Password,
            ["tls"] = "disable",
            ["publication"] = "syncflow",
            ["slot"] = Slot,
            ["table"] = table,
        };
        change?.Invoke(request);
        return await PutAsync($"/api/v1/sources/{Id}/capture", request);
    }

    /// <summary>Has the table read, and waits until it is.</summary>
    public async Task CaptureAsync(string table)
    {
        var (status, body) = await TryCaptureAsync(table);
        status.ShouldBe(HttpStatusCode.OK, body?.ToJsonString());
        await StateAsync("streaming");
    }

    /// <summary>Waits for a state; returns the capture.</summary>
    public async Task<JsonNode> StateAsync(string state)
    {
        JsonNode? capture = null;
        await Waits.UntilAsync(async () => (string)(capture = await OneAsync())["state"]! == state, $"the capture to be {state}");
        return capture!;
    }

    /// <summary>Waits for a problem that is tried again; returns it.</summary>
    public async Task<string> ProblemAsync()
    {
        string? problem = null;
        await Waits.UntilAsync(async () => (problem = (string?)(await OneAsync())["problem"]) is not null, "a problem");
        return problem!;
    }

    public Task<JsonNode> OneAsync() => Api.GetAsync($"/api/v1/sources/{Id}/capture");

    /// <summary>Runs statements in the source's database, each batch as one transaction.</summary>
    public async Task ErpAsync(string sql)
    {
        await using var command = _erp.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ErpAsync<T>(string sql)
    {
        await using var command = _erp.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Waits for units on hand.</summary>
    public Task OnHandAsync(string sku, string location, int units, TimeSpan? limit = null) =>
        Waits.UntilAsync(async () => await Stand.Warehouse.AtAsync(sku, location) == units, $"{units} of {sku} at {location}", limit);

    public async Task<(HttpStatusCode Status, JsonNode? Body)> PutAsync(string path, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(body) };
        return await Api.SendAsync(request);
    }

    /// <summary>Brings a full refresh of this moment, with one position.</summary>
    public async Task RefreshAsync(string row, string header = "sku,location,onHand")
    {
        var asOf = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", System.Globalization.CultureInfo.InvariantCulture);
        var (status, body) = await Stand.CsvAsync($"/api/v1/sources/{Id}/refreshes/csv?asOf={asOf}", $"{header}\n{row}\n");
        status.ShouldBe(HttpStatusCode.Accepted, body?.ToJsonString());
    }

    /// <summary>Waits until no incident of a kind is open any more.</summary>
    public Task ClosedAsync(string kind) => Waits.UntilAsync(
        async () => !(await IncidentsAsync()).Any(i => i.StartsWith(kind, StringComparison.Ordinal)), "the incident to be closed");

    public async Task<string[]> IncidentsAsync() =>
        [.. (await Api.GetAsync("/api/v1/incidents?open=true"))["items"]!.AsArray().Select(i => $"{i!["kind"]}: {i["message"]}")];

    public async ValueTask DisposeAsync()
    {
        if (_worker is not null)
        {
            await StopWorkerAsync();
        }

        NpgsqlConnection.ClearPool(new NpgsqlConnection(Api.Database));
        await DropSlotAsync();
        await _erp.DisposeAsync();
        await Stand.DisposeAsync();
    }

    private async Task DropSlotAsync()
    {
        try
        {
            await Waits.UntilAsync(
                async () => !await ErpAsync<bool>($"SELECT coalesce(bool_or(active), false) FROM pg_replication_slots WHERE slot_name = '{Slot}'"), "the slot's end");
            await ErpAsync($"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '{Slot}'");
        }
        catch (NpgsqlException)
        {
            // A server that the test ended took its slot along.
        }
    }
}
