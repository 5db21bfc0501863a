using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SyncFlow.ServiceDefaults.Telemetry;

namespace SyncFlow.ServiceDefaults;

/// <summary>What every SyncFlow process has in common.</summary>
public static class ServiceDefaultsExtensions
{
    /// <summary>
    /// A log line for each request and each statement would drown what matters. These are only defaults: configuration
    /// (<c>Logging__LogLevel__Npgsql=Information</c>) overrides them.
    /// </summary>
    private static readonly string[] QuietCategories = ["Microsoft.AspNetCore", "System.Net.Http.HttpClient", "Npgsql"];

    /// <summary>
    /// Adds JSON logs on the console, telemetry (when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names a collector), health
    /// checks, <see cref="TimeProvider.System"/> as the clock (with a database its clock takes that place, see
    /// <see cref="Clock.DatabaseClock"/>), and the watch on the host that started this process.
    /// </summary>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Logging.ClearProviders();
        foreach (var category in QuietCategories.Where(name => builder.Configuration["Logging:LogLevel:" + name] is null))
        {
            builder.Logging.AddFilter(category, LogLevel.Warning);
        }

        builder.Logging.AddJsonConsole(json =>
        {
            json.UseUtcTimestamp = true;
            json.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
            json.IncludeScopes = true;
        });
        builder.AddTelemetry();
        builder.Services.AddHealthChecks();
        builder.Services.AddHostedService<ParentWatch>();
        return builder;
    }
}
