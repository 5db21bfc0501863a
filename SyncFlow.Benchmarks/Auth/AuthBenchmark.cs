using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using SyncFlow.Api;
using SyncFlow.Api.Security;
using SyncFlow.Benchmarks.Support;
using Results = SyncFlow.Benchmarks.Support.Results;

namespace SyncFlow.Benchmarks.Auth;

/// <summary>
/// What knowing the caller and asking what he may do adds to a request: the guard of the real host, in this process,
/// before a handler that does nothing. Once with the caller in memory, once with a look into the database each time.
/// </summary>
internal static class AuthBenchmark
{
    private const string Key = "sf_bench_0123456789abcdef";

    private const int WarmUp = 5_000;

    private const int Requests = 50_000;

    private const int Cold = 2_000;

    /// <summary>The promise: milliseconds that it may add at most.</summary>
    private const double MostMs = 0.2;

    private static readonly TimeSpan ListenLimit = TimeSpan.FromSeconds(20);

    public static async Task RunAsync(Results results, BenchOptions options, TimeProvider time, CancellationToken ct)
    {
        var servers = await BenchServers.StartAsync(options, ct).ConfigureAwait(false);
        await using (servers.ConfigureAwait(false))
        {
            var app = ApiHost.Build([], builder => builder.Configuration.AddInMemoryCollection(Settings(servers)));
            await using (app.ConfigureAwait(false))
            {
                await app.StartAsync(ct).ConfigureAwait(false);
                await MeasureAsync(app, results, time, ct).ConfigureAwait(false);
            }
        }
    }

    private static async Task MeasureAsync(WebApplication app, Results results, TimeProvider time, CancellationToken ct)
    {
        var cache = app.Services.GetRequiredService<CallerCache>();
        var start = time.GetTimestamp();
        while (!cache.IsHearing)
        {
            if (time.GetElapsedTime(start) > ListenLimit)
            {
                throw new CheckFailedException("Changes of callers are not heard, so nothing is kept.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), time, ct).ConfigureAwait(false);
        }

        await LoopAsync(app, WarmUp, time, forget: false).ConfigureAwait(false);
        var kept = await LoopAsync(app, Requests, time, forget: false).ConfigureAwait(false);
        var looked = await LoopAsync(app, Cold, time, forget: true).ConfigureAwait(false);
        results.Add("auth.added_ms", kept.Mean, "ms");
        results.Add("auth.added_p99_ms", kept.P99, "ms");
        results.Add("auth.lookup_ms", looked.Mean, "ms");
        if (kept.Mean >= MostMs)
        {
            throw new CheckFailedException($"Knowing the caller took {kept.Mean:0.000} ms, promised are {MostMs} ms.");
        }
    }

    private static async Task<(double Mean, double P99)> LoopAsync(WebApplication app, int count, TimeProvider time, bool forget)
    {
        var cache = app.Services.GetRequiredService<CallerCache>();
        var callers = app.Services.GetRequiredService<Callers>();
        var limits = app.Services.GetRequiredService<CallerLimits>();
        var uses = app.Services.GetRequiredService<KeyUses>();
        var passed = 0;
        var guard = new CallerGuard(_ =>
        {
            passed++;
            return Task.CompletedTask;
        });
        var route = app.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .First(e => e.Metadata.GetMetadata<RouteRule>()?.Permission == Permission.StockRead);
        var times = new double[count];
        for (var i = 0; i < count; i++)
        {
            if (forget)
            {
                cache.Forget(null);
            }

            var context = new DefaultHttpContext { RequestServices = app.Services };
            context.Request.Headers.Authorization = "Bearer " + Key;
            context.SetEndpoint(route);
            var start = time.GetTimestamp();
            await guard.InvokeAsync(context, callers, limits, uses, new Caller()).ConfigureAwait(false);
            times[i] = time.GetElapsedTime(start).TotalMilliseconds;
        }

        if (passed != count)
        {
            throw new CheckFailedException($"{count - passed} of {count} requests were refused.");
        }

        Array.Sort(times);
        return (times.Average(), times[(int)(count * 0.99)]);
    }

    private static Dictionary<string, string?> Settings(BenchServers servers) => new()
    {
        ["ConnectionStrings:syncflow"] = servers.ConnectionString,
        ["ConnectionStrings:redis"] = servers.Redis,
        ["SyncFlow:BootstrapApiKey"] = Key,
        ["SyncFlow:SecretsKey"] = Convert.ToBase64String(new byte[32]),
        ["Logging:LogLevel:Default"] = "None",
        ["Limits:CallerPerSecond"] = "1000000",
        ["Limits:TenantPerSecond"] = "1000000",
        ["urls"] = "http://127.0.0.1:0",
    };
}
