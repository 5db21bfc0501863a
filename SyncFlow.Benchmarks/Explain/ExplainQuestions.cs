using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Npgsql;
using SyncFlow.Api;
using SyncFlow.Benchmarks.Support;

namespace SyncFlow.Benchmarks.Explain;

/// <summary>Asks the real API over HTTP, measures how long it takes, and checks what it says.</summary>
internal sealed class ExplainQuestions(WebApplication app, HttpClient http, LedgerFill fill, BenchMerchant merchant, TimeProvider time) : IAsyncDisposable
{
    private const string Key = "sf_bench_0123456789abcdef";
    private const int WarmUp = 40;
    private const int Asked = 300;
    private const int CheckedInSql = 40;

    /// <summary>Starts the API with a key of the merchant's.</summary>
    public static async Task<ExplainQuestions> StartAsync(
        BenchServers servers, NpgsqlDataSource owner, LedgerFill fill, BenchMerchant merchant, TimeProvider time, CancellationToken ct)
    {
        using var command = owner.CreateCommand("INSERT INTO api_keys (tenant_id, name, key_hash, scopes) VALUES ($1, 'bench', $2, ARRAY['*'])");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = merchant.Tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = SHA256.HashData(Encoding.UTF8.GetBytes(Key)) });
        await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        var app = ApiHost.Build(
        [
            $"--ConnectionStrings:syncflow={servers.ConnectionString}", $"--ConnectionStrings:redis={servers.Redis}",
            $"--SyncFlow:SecretsKey={Convert.ToBase64String(new byte[32])}", "--Channels:Shopify:ClientSecret=bench",
            "--Logging:LogLevel:Default=None", "--urls=http://127.0.0.1:0",
        ]);
        await app.StartAsync(ct).ConfigureAwait(false);
        var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        return new ExplainQuestions(app, http, fill, merchant, time);
    }

    /// <summary>Asks about moments over the whole past, a third of them on the hot SKU; times in milliseconds, sorted.</summary>
    public async Task<double[]> AskAsync(CancellationToken ct)
    {
        var random = new Random(11);
        var took = new List<double>();
        for (var i = 0; i < WarmUp + Asked; i++)
        {
            var entry = 1 + random.NextInt64(fill.Entries);
            var sku = random.Next(3) == 0 ? 0 : fill.SkuOf(entry);
            var at = LedgerFill.Start + (LedgerFill.Step * entry);
            var address = string.Create(CultureInfo.InvariantCulture, $"/api/v1/stock/sku-{sku:0000}/explain?at={at:yyyy-MM-ddTHH:mm:ss}Z");
            var started = time.GetTimestamp();
            var answer = await http.GetByteArrayAsync(address, ct).ConfigureAwait(false);
            if (i >= WarmUp)
            {
                took.Add(time.GetElapsedTime(started).TotalMilliseconds);
            }

            using var json = JsonDocument.Parse(answer);
            await CheckAsync(json.RootElement, sku, entry, at, inSql: i % ((WarmUp + Asked) / CheckedInSql) == 0, ct).ConfigureAwait(false);
        }

        took.Sort();
        return [.. took];
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await app.StopAsync().ConfigureAwait(false);
        await app.DisposeAsync().ConfigureAwait(false);
    }

    private async Task CheckAsync(JsonElement answer, int sku, long entry, DateTimeOffset at, bool inSql, CancellationToken ct)
    {
        var page = answer.GetProperty("entries");
        foreach (var bucket in new[] { "onHand", "committed" })
        {
            var moved = page.GetProperty("items").EnumerateArray()
                .Where(e => e.GetProperty("bucket").GetString() == bucket).Sum(e => e.GetProperty("delta").GetInt64());
            var (before, after) = (Sum(page, "sumsBefore", bucket), Sum(page, "sumsAfter", bucket));
            Check(before + moved == after, $"a page of SKU {sku} at {at:u} does not add up: {before} + {moved} is not {after} {bucket}");
            if (inSql)
            {
                var expected = await fill.ScalarAsync(
                    "SELECT coalesce(sum(delta), 0) FROM ledger_entries WHERE tenant_id = $1 AND sku_id = $2 AND bucket = $3 AND recorded_at <= $4",
                    ct, merchant.Tenant.Value, merchant.Skus[sku].Value, (short)(bucket == "onHand" ? 1 : 2), at).ConfigureAwait(false);
                Check(expected == after, $"SKU {sku} had {expected} {bucket} at {at:u}, the answer says {after}");
            }
        }

        long? belief = answer.GetProperty("levels").EnumerateArray().Select(l => l.GetProperty("belief")).Where(b => b.ValueKind == JsonValueKind.Object)
            .Select(b => (long?)b.GetProperty("belief").GetInt64()).FirstOrDefault();
        Check(belief == fill.BeliefOf(sku, entry), $"SKU {sku} was believed to show {fill.BeliefOf(sku, entry)} at {at:u}, the answer says {belief}");
    }

    private static long Sum(JsonElement page, string end, string bucket) =>
        page.GetProperty(end).EnumerateArray().Sum(s => s.GetProperty("buckets").GetProperty(bucket).GetInt64());

    private static void Check(bool holds, FormattableString otherwise)
    {
        if (!holds)
        {
            throw new CheckFailedException("explain: " + otherwise.ToString(CultureInfo.InvariantCulture) + ".");
        }
    }
}
