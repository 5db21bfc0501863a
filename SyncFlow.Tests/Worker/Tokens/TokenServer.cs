using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SyncFlow.Tests.Worker.Tokens;

/// <summary>
/// A token endpoint for any number of shops that counts: the n-th pair of a shop is <c>access-n</c> and <c>refresh-n</c>,
/// and each refresh token is taken once.
/// </summary>
internal sealed class TokenServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private readonly ConcurrentDictionary<string, int> refreshes = new();

    private TokenServer(WebApplication app) => this.app = app;

    public string BaseUrlTemplate => $"{app.Urls.First()}/shopify/{{shop}}";

    /// <summary>Refreshes by shop.</summary>
    public IReadOnlyDictionary<string, int> Refreshes => refreshes;

    /// <summary>Calls at the same moment, at most.</summary>
    public int MostAtOnce { get; private set; }

    /// <summary>What every call is answered instead; 200 for the real answer.</summary>
    public int Status { get; set; } = 200;

    /// <summary>OAuth's error code beside another status.</summary>
    public string Error { get; set; } = "invalid_grant";

    /// <summary>Calls that were refused or not answered.</summary>
    public int Failed => failed;

    private int failed;

    private int running;

    public static async Task<TokenServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var server = new TokenServer(app);
        app.MapPost("/shopify/{shop}/admin/oauth/access_token", server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task<IResult> AnswerAsync(string shop, HttpRequest request)
    {
        var body = await request.ReadFromJsonAsync<Dictionary<string, string>>();
        lock (refreshes)
        {
            MostAtOnce = Math.Max(MostAtOnce, ++running);
        }

        try
        {
            await Task.Delay(10); // Long enough that two who ask at once meet here.
            if (Status != 200)
            {
                Interlocked.Increment(ref failed);
                return Results.Json(new { error = Error }, JsonSerializerOptions.Web, statusCode: Status);
            }

            var next = refreshes.AddOrUpdate(shop, 1, (_, before) => before + 1);
            return body!["refresh_token"] == $"refresh-{next - 1}"
                ? Results.Json(new Dictionary<string, object>
                {
                    ["access_token"] = $"access-{next}",
                    ["expires_in"] = 3600,
                    ["refresh_token"] = $"refresh-{next}",
                    ["refresh_token_expires_in"] = 7_776_000,
                    ["scope"] = "read_inventory,write_inventory",
                })
                : Results.Json(new { error = "invalid_grant" }, statusCode: 400);
        }
        finally
        {
            lock (refreshes)
            {
                running--;
            }
        }
    }
}
