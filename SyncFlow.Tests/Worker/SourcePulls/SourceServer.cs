using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SyncFlow.Tests.Worker.SourcePulls;

/// <summary>What a source is asked.</summary>
internal sealed record SourceAsk(string Feed, string? Since, string? Cursor, int Limit, string? Authorization);

/// <summary>What it answers.</summary>
internal sealed record SourceAnswer(byte[] Body, int Status = 200, string ContentType = "application/json", string? Location = null)
{
    /// <summary>When it was made, where that is not now.</summary>
    public DateTimeOffset? Date { get; init; }

    public static SourceAnswer Of(object body) => new(JsonSerializer.SerializeToUtf8Bytes(body));

    public static SourceAnswer Of(string body) => new(Encoding.UTF8.GetBytes(body));
}

/// <summary>
/// A source over real HTTP: by itself it keeps the contract, row by row in the order of their sequence; a test may answer
/// in its place.
/// </summary>
internal sealed class SourceServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SourceServer(WebApplication app) => _app = app;

    /// <summary>Answers instead of it, where it returns something.</summary>
    public Func<SourceAsk, SourceAnswer?> Instead { get; set; } = _ => null;

    /// <summary>Answers instead of it to an address (path and query), where it returns something.</summary>
    public Func<string, SourceAnswer?> AtUrl { get; set; } = _ => null;

    /// <summary>Addresses that were asked, with their queries.</summary>
    public List<string> Urls { get; } = [];

    /// <summary>Awaited before an answer; ended with the call.</summary>
    public Func<CancellationToken, Task> Before { get; set; } = _ => Task.CompletedTask;

    /// <summary>Its movements by sequence, any JSON.</summary>
    public SortedDictionary<long, object> Movements { get; } = [];

    /// <summary>Its positions.</summary>
    public List<object> Positions { get; } = [];

    /// <summary>Its open pick tasks.</summary>
    public List<object> PickTasks { get; } = [];

    /// <summary>What it says of how far it has got; its highest sequence when left out.</summary>
    public long? Watermark { get; set; }

    public DateTimeOffset AsOf { get; set; } = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    public List<SourceAsk> Asked { get; } = [];

    public string Url { get; private set; } = "";

    public static async Task<SourceServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var server = new SourceServer(app);
        app.MapGet("/api/{**feed}", server.AnswerAsync);
        await app.StartAsync();
        server.Url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/api";
        return server;
    }

    private async Task AnswerAsync(string feed, HttpContext context)
    {
        var query = context.Request.Query;
        var ask = new SourceAsk(
            feed, query["since"].FirstOrDefault(), query["cursor"].FirstOrDefault(), int.TryParse(query["limit"], CultureInfo.InvariantCulture, out var limit) ? limit : 0,
            context.Request.Headers.Authorization.FirstOrDefault());
        SourceAnswer answer;
        await Before(context.RequestAborted);
        lock (Asked)
        {
            Asked.Add(ask);
            Urls.Add(context.Request.Path + context.Request.QueryString);
            answer = AtUrl(Urls[^1]) ?? Instead(ask) ?? Answer(ask);
        }

        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = answer.ContentType;
        if (answer.Date is { } date)
        {
            context.Response.Headers.Date = date.ToString("R", CultureInfo.InvariantCulture);
        }

        if (answer.Location is { } location)
        {
            context.Response.Headers.Location = location;
        }

        await context.Response.Body.WriteAsync(answer.Body);
    }

    /// <summary>As the contract has it.</summary>
    public SourceAnswer Answer(SourceAsk ask)
    {
        var mark = Watermark ?? (Movements.Count == 0 ? 0 : Movements.Keys.Last());
        if (ask.Feed != "movements")
        {
            var all = ask.Feed == "positions" ? Positions : PickTasks;
            var from = int.Parse(ask.Cursor ?? "0", CultureInfo.InvariantCulture);
            var next = from + ask.Limit < all.Count ? $"{from + ask.Limit}" : null;
            return SourceAnswer.Of(new { items = all.Skip(from).Take(ask.Limit), next, asOf = AsOf, sequence = mark, watermark = mark });
        }

        var after = long.Parse(ask.Cursor ?? ask.Since ?? "-1", CultureInfo.InvariantCulture);
        var rows = Movements.Where(m => m.Key > after).Take(ask.Limit).ToList();
        var more = rows.Count > 0 && Movements.Keys.Last() > rows[^1].Key;
        return SourceAnswer.Of(new { items = rows.Select(r => r.Value), next = more ? $"{rows[^1].Key}" : null, watermark = mark });
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
