using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Shouldly;
using SyncFlow.ServiceDefaults;
using SyncFlow.ServiceDefaults.Telemetry;
using Xunit;

namespace SyncFlow.Tests.ServiceDefaults;

public sealed class TelemetryTests
{
    [Fact]
    public async Task Spans_and_counts_of_SyncFlow_reach_the_collector_when_the_process_stops()
    {
        var received = new ConcurrentDictionary<string, long>();
        await using var collector = await StartCollectorAsync(received);
        using var host = Build(collector.Urls.First());
        await host.StartAsync(TestContext.Current.CancellationToken);
        using (var source = new ActivitySource("SyncFlow.Tests"))
        using (var meter = new Meter("SyncFlow.Tests"))
        {
            source.StartActivity("a step").ShouldNotBeNull("somebody listens").Dispose();
            meter.CreateCounter<long>("syncflow.tests").Add(1);
            await host.StopAsync(TestContext.Current.CancellationToken);
        }

        received.Keys.ShouldContain("/v1/traces");
        received.Keys.ShouldContain("/v1/metrics");
        received.Values.ShouldAllBe(length => length > 0);
    }

    [Fact]
    public void Without_a_collector_nothing_is_collected()
    {
        using var host = Build(collector: null);
        host.Services.GetServices<IHostedService>().OfType<TelemetryService>().ShouldBeEmpty();
    }

    private static IHost Build(string? collector)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "test" });
        builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector;
        builder.Configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        builder.AddServiceDefaults();
        builder.Logging.ClearProviders();
        return builder.Build();
    }

    private static async Task<WebApplication> StartCollectorAsync(ConcurrentDictionary<string, long> received)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var collector = builder.Build();
        collector.MapPost("/v1/{signal}", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            received[request.Path] = body.Length;
        });
        await collector.StartAsync(TestContext.Current.CancellationToken);
        return collector;
    }
}
