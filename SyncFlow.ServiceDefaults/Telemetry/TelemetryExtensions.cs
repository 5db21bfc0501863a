using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;

namespace SyncFlow.ServiceDefaults.Telemetry;

/// <summary>Telemetry by OpenTelemetry, sent to the collector that <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names.</summary>
internal static class TelemetryExtensions
{
    /// <summary>Adds traces, metrics and logs where a collector is named; without one nothing is collected.</summary>
    public static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        if (string.IsNullOrWhiteSpace(builder.Configuration[EnvironmentContract.OtlpEndpoint]))
        {
            return;
        }

        var resource = ResourceBuilder.CreateDefault().AddService(builder.Environment.ApplicationName);
        builder.Logging.AddOpenTelemetry(logs =>
        {
            logs.SetResourceBuilder(resource);
            logs.IncludeScopes = true;
            logs.AddOtlpExporter();
        });
        builder.Services.AddSingleton(resource);
        builder.Services.AddHostedService<TelemetryService>();
    }
}
