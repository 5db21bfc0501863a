using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace SyncFlow.ServiceDefaults.Telemetry;

/// <summary>
/// Owns the trace and metric providers for the life of the host: made at start, flushed at stop. It does what
/// OpenTelemetry.Extensions.Hosting does, which the portable feed does not carry (docs/decisions/0001).
/// </summary>
internal sealed class TelemetryService(ResourceBuilder resource, IConfiguration configuration) : IHostedLifecycleService, IDisposable
{
    private static readonly string[] Sources = ["SyncFlow.*", "Microsoft.AspNetCore", "System.Net.Http", "Npgsql"];

    private static readonly string[] Meters =
        ["SyncFlow.*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime", "Npgsql"];

    private const int FlushMs = 5_000;

    private TracerProvider? traces;

    private MeterProvider? metrics;

    /// <summary>Before any other hosted service, so that their first spans and counts are not missed.</summary>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        // The exporters read OTEL_* from the host's configuration, as everything else does.
        traces = Sdk.CreateTracerProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(configuration))
            .SetResourceBuilder(resource).AddSource(Sources).AddOtlpExporter().Build();
        metrics = Sdk.CreateMeterProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(configuration))
            .SetResourceBuilder(resource).AddMeter(Meters).AddOtlpExporter().Build();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>After every other hosted service has stopped: what they recorded last is sent.</summary>
    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        traces?.ForceFlush(FlushMs);
        metrics?.ForceFlush(FlushMs);
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        traces?.Dispose();
        metrics?.Dispose();
    }
}
