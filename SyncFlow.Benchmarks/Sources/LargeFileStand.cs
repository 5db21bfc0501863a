using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using SyncFlow.AppHost;
using SyncFlow.AppHost.Local;
using SyncFlow.Benchmarks.Memory;
using SyncFlow.Benchmarks.Support;

namespace SyncFlow.Benchmarks.Sources;

/// <summary>API and worker as processes of their own, as <c>./run --no-sandbox</c> starts them, and a source that hands files over.</summary>
internal sealed class LargeFileStand : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(40);

    private readonly LocalHost _host;
    private readonly TimeProvider _time;
    private readonly NpgsqlDataSource _owner;
    private readonly HttpClient _api;

    /// <param name="key">The API key.</param>
    public LargeFileStand(LocalHost host, string key, TimeProvider time)
    {
        (_host, _time) = (host, time);
        _owner = NpgsqlDataSource.Create(host.Postgres);
        _api = new HttpClient { BaseAddress = new Uri(Service(ServiceContract.Api).Url + "/api/v1/"), Timeout = Timeout.InfiniteTimeSpan };
        _api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>The source.</summary>
    public long Source { get; private set; }

    /// <summary>Watches what a service takes of the machine's memory.</summary>
    public ResidentMemory Watch(Service service) => ResidentMemory.Watch(Service(service), _time);

    /// <summary>A location, a source whose places are all mapped to it, and the SKUs.</summary>
    public async Task SetUpAsync(int places, int skus, string folder, CancellationToken ct)
    {
        await SendAsync(HttpMethod.Post, "locations", JsonContent.Create(new { code = "MAIN", name = "Main" }), ct).ConfigureAwait(false);
        var source = new { kind = "erp", name = "ERP", strategy = "fullRefresh", writes = new[] { "onHand", "unavailable" }, ownsOnHand = true };
        Source = (long)(await SendAsync(HttpMethod.Post, "sources", JsonContent.Create(source), ct).ConfigureAwait(false))!["id"]!;
        var map = string.Concat(Enumerable.Range(0, places).Select(n => $"ERP,{StockFile.Place(n)},MAIN\n"));
        await SendAsync(HttpMethod.Post, "location-map/csv", new StringContent("system,place,location\n" + map, Encoding.UTF8, "text/csv"), ct).ConfigureAwait(false);
        await SendAsync(HttpMethod.Put, $"sources/{Source}/mapping", JsonContent.Create(new { mapping = "cin7-stock" }), ct).ConfigureAwait(false);
        await SendAsync(HttpMethod.Put, $"sources/{Source}/folder", JsonContent.Create(new { folder }), ct).ConfigureAwait(false);
        foreach (var codes in Enumerable.Range(0, skus).Select(StockFile.Code).Chunk(10_000))
        {
            await ScalarAsync<long>(
                "WITH made AS (INSERT INTO skus (tenant_id, code, code_key) SELECT 1, c, upper(c) FROM unnest($1::text[]) AS c RETURNING 1) SELECT count(*) FROM made",
                ct, (object)codes).ConfigureAwait(false);
        }
    }

    /// <summary>Uploads a full refresh; returns its file's number.</summary>
    public async Task<long> UploadAsync(StockFile file, string asOf, CancellationToken ct)
    {
        file.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        return (long)(await SendAsync(HttpMethod.Post, $"sources/{Source}/refreshes/csv?asOf={asOf}", file, ct).ConfigureAwait(false))!["fileId"]!;
    }

    /// <summary>Ends the worker as kill -9 does; it is started again by itself.</summary>
    public void KillWorker()
    {
        using var worker = Process.GetProcessById(Service(ServiceContract.Worker).ProcessId ?? throw new CheckFailedException("the worker is not there to be killed."));
        worker.Kill();
    }

    /// <summary>Waits until a query says yes.</summary>
    public async Task UntilAsync(string what, string sql, CancellationToken ct)
    {
        var since = _time.GetTimestamp();
        while (!await ScalarAsync<bool>(sql, ct).ConfigureAwait(false))
        {
            if (_time.GetElapsedTime(since) > Limit)
            {
                throw new CheckFailedException($"files: waited {Limit.TotalMinutes:0} minutes for {what}.");
            }

            await Task.Delay(LookEvery, _time, ct).ConfigureAwait(false);
        }
    }

    /// <summary>Compares the books with what a file says, SKU by SKU.</summary>
    public async Task CheckAsync(StockFile file, CancellationToken ct)
    {
        using var command = _owner.CreateCommand(
            "SELECT s.code, sum(p.on_hand)::bigint FROM positions p JOIN skus s USING (tenant_id, sku_id) GROUP BY s.code");
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var booked = new Dictionary<string, long>();
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
        {
            booked[reader.GetString(0)] = reader.GetInt64(1);
        }

        for (var sku = 0; sku < file.Skus; sku++)
        {
            if (booked.GetValueOrDefault(StockFile.Code(sku)) != file.Units(sku))
            {
                throw new CheckFailedException($"files: {StockFile.Code(sku)} has {booked.GetValueOrDefault(StockFile.Code(sku))} on hand; the file says {file.Units(sku)}.");
            }
        }
    }

    public void Dispose()
    {
        _api.Dispose();
        _owner.Dispose();
    }

    public async Task<T> ScalarAsync<T>(string sql, CancellationToken ct, params object[] values)
    {
#pragma warning disable CA2100 // Statements are constants of the benchmark.
        using var command = _owner.CreateCommand(sql);
#pragma warning restore CA2100
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return (T)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
    }

    private ServiceProcess Service(Service service) => _host.Services.Single(s => s.Name == service.Resource);

    private async Task<JsonNode?> SendAsync(HttpMethod method, string path, HttpContent content, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        using var answer = await _api.SendAsync(request, ct).ConfigureAwait(false);
        var text = await answer.Content.ReadAsStringAsync(ct).ConfigureAwait(false);
        return answer.IsSuccessStatusCode ? JsonNode.Parse(text)
            : throw new CheckFailedException($"files: {method} {path} was answered {(int)answer.StatusCode}: {text}");
    }
}
