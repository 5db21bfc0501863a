using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using Shouldly;
using SyncFlow.Tests.Support;
using SyncFlow.Tests.Worker.SourcePulls;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>
/// Five sources of one merchant, each telling its stock by another way: events that are pushed, a full refresh and a
/// history that are uploaded, a history left in a watched folder, and a full refresh that is asked for. A test starts the
/// worker when it wants to.
/// </summary>
internal sealed class ManyWays : IAsyncDisposable
{
    /// <summary>Events that are pushed first, and after them.</summary>
    public const int PushedFirst = 200, PushedThen = 300;

    /// <summary>Rows of the files: more than the worker takes in at a time, or reads at a time.</summary>
    public const int Uploaded = 5_100, Past = 5_100, Left = 1_500;

    /// <summary>Positions that are asked for, and of a page.</summary>
    public const int Asked = 300, OnPage = 50;

    /// <summary>Entries of the ledger when all is told.</summary>
    public const int All = PushedFirst + PushedThen + Uploaded + Past + Left + Asked;

    private const int Places = 20;

    private const int FewSkus = 20;

    private static readonly DateTimeOffset Begin = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("syncflow-test-");
    private readonly string _redis;

    private ManyWays(SourceStand stand, SourceServer server, string redis) => (Stand, Server, _redis) = (stand, server, redis);

    public SourceStand Stand { get; }

    /// <summary>The API of the source that is asked.</summary>
    public SourceServer Server { get; }

    public ApiApp Api => Stand.Api;

    public long Pusher => Stand.Erp;

    public long Uploader { get; private set; }

    public long Historian { get; private set; }

    public long Leaver { get; private set; }

    public long Answerer { get; private set; }

    public static async Task<ManyWays> OpenAsync(PostgresFixture postgres, RedisFixture redis)
    {
        var ways = new ManyWays(
            await SourceStand.OpenAsync(postgres, redis), await SourceServer.StartAsync(), await redis.ConfigurationAsync());
        await ways.Stand.SkusAsync(Uploaded / Places);
        ways.Uploader = await ways.Stand.SourceAsync("Uploader", "wms");
        ways.Historian = await ways.Stand.SourceAsync("Historian", "erp");
        ways.Leaver = await ways.Stand.SourceAsync("Leaver", "3pl");
        ways.Answerer = await ways.Stand.SourceAsync("Answerer", "wms", ordering: "sequence");
        (await ways.Api.PostAsync("/api/v1/locations", new { code = "WEST", name = "WEST" })).Status.ShouldBe(HttpStatusCode.Created);
        await ways.Stand.MapAsync(
        [
            "ERP,2000,WEST", "Historian,H,WEST", "Leaver,L,WEST", // Who tells movements alone has no books that positions of others could be added to.
            .. Enumerable.Range(0, Places).SelectMany(n => new[] { $"Uploader,U{n},MAIN", $"Answerer,Q{n},SIDE" }),
        ]);
        return ways;
    }

    /// <summary>A worker's settings here.</summary>
    public Dictionary<string, string?> WorkerSettings() => new()
    {
        ["ConnectionStrings:syncflow"] = Api.Database,
        ["ConnectionStrings:redis"] = _redis,
        ["SyncFlow:SecretsKey"] = Convert.ToBase64String(new byte[32]),
        ["Channels:Shopify:BaseUrl"] = "http://sandbox/{shop}", // Something stands in for the outside, so the own network is asked.
        ["Sources:Files:Root"] = _root.FullName,
        ["Sources:Files:SettleSeconds"] = "0",
    };

    /// <summary>Tells everything but the later pushes; the worker does the rest.</summary>
    public async Task TellAsync()
    {
        await PushAsync(1, PushedFirst);
        await UploadAsync(Uploader, "refreshes/csv?asOf=2026-03-01T08:00:00Z", Positions());
        await UploadAsync(Historian, "history/csv", Moves("h", "H", Past));
        await PutAsync($"sources/{Leaver}/folder", new { folder = "out" });
        var folder = Directory.CreateDirectory(Path.Combine(_root.FullName, "1", "out")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "history-1.csv"), Moves("l", "L", Left));
        await File.WriteAllTextAsync(Path.Combine(folder, "history-1.csv.done"), "");
        Server.Positions.AddRange(Enumerable.Range(1, Asked).Select(n => new { sku = Sku(n % FewSkus), location = "Q" + (n / FewSkus), onHand = n }));
        Server.Watermark = 1;
        await PutAsync(
            $"sources/{Answerer}/pull",
            new { url = Server.Url, authorization = new { scheme = "bearer", secret = "s" }, movements = false, positions = true, pageSize = OnPage });
    }

    /// <summary>Pushes events of these numbers.</summary>
    public async Task PushAsync(int first, int count)
    {
        var (status, body) = await Api.PostAsync($"/api/v1/sources/{Pusher}/events", new
        {
            events = Enumerable.Range(first, count).Select(n => new
            {
                id = $"p{n}",
                type = "movement",
                sku = Sku(n % FewSkus),
                location = "2000",
                units = Units(n),
                occurredAt = Begin.AddSeconds(n),
                sequence = n,
            }),
        });
        status.ShouldBe(HttpStatusCode.OK, body?.ToJsonString());
    }

    /// <summary>Waits until the worker has nothing left to do.</summary>
    public Task QuietAsync(TimeSpan limit) => Waits.UntilAsync(
        () => Api.SqlAsync<bool>(
            """
            SELECT (SELECT count(*) FROM source_files WHERE state = 4) = 4 AND NOT EXISTS (SELECT FROM source_files WHERE state = 3)
              AND NOT EXISTS (SELECT FROM inbox WHERE state = 0)
            """),
        "everything to be booked", limit);

    /// <summary>
    /// Every entry, then every position. A row of a refresh is named by its file and line; which number the file has says
    /// how often it was tried.
    /// </summary>
    public async Task<string[]> LedgerAsync() =>
    [
        .. await Api.SqlAsync<string[]>(
            """
            SELECT array_agg(line ORDER BY line) FROM (
              SELECT regexp_replace(l.fact_key, 'file:\d+', 'file') || ' ' || s.code || ' ' || p.code || ' ' || l.bucket || ' ' || l.delta || ' ' || l.occurred_at AS line
              FROM ledger_entries l JOIN skus s USING (tenant_id, sku_id) JOIN locations p USING (tenant_id, location_id)) e
            """),
        .. await Api.SqlAsync<string[]>(
            """
            SELECT array_agg(k.code || ' ' || o.code || ' ' || n.on_hand ORDER BY k.code, o.code)
            FROM positions n JOIN skus k USING (tenant_id, sku_id) JOIN locations o USING (tenant_id, location_id)
            """),
    ];

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Stand.DisposeAsync();
        _root.Delete(recursive: true);
    }

    private static string Sku(int n) => string.Create(CultureInfo.InvariantCulture, $"S{n + 1}");

    /// <summary>Never nothing, and no pattern of the SKUs'.</summary>
    private static int Units(int n) => (n * 7919 % 23) - 7 is var units and not 0 ? units : 1;

    private static string Positions()
    {
        var text = new StringBuilder("sku,location,onHand\n");
        for (var n = 0; n < Uploaded; n++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{Sku(n / Places)},U{n % Places},{1 + (n % 9)}\n");
        }

        return text.ToString();
    }

    private static string Moves(string prefix, string place, int count)
    {
        var text = new StringBuilder("id,type,sku,location,occurredAt,units\n");
        for (var n = 1; n <= count; n++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{prefix}{n},movement,{Sku(n % FewSkus)},{place},{Begin.AddSeconds(n):yyyy-MM-ddTHH:mm:ssZ},{Units(n)}\n");
        }

        return text.ToString();
    }

    private async Task UploadAsync(long source, string path, string text)
    {
        var (status, body) = await Stand.CsvAsync($"/api/v1/sources/{source}/{path}", text);
        status.ShouldBe(HttpStatusCode.Accepted, body?.ToJsonString());
    }

    private async Task PutAsync(string path, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, "/api/v1/" + path) { Content = JsonContent.Create(body) };
        var (status, answer) = await Api.SendAsync(request);
        status.ShouldBe(HttpStatusCode.OK, answer?.ToJsonString());
    }
}
