using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace SyncFlow.ServiceDefaults.Clock;

/// <summary>The clock of a process that works with the database.</summary>
internal static class ClockExtensions
{
    /// <summary>
    /// Makes the database's time the process's <see cref="TimeProvider"/>, once. One that was handed in stays, and one that is
    /// registered later wins: then nobody asks the database.
    /// </summary>
    public static void AddDatabaseClock(this IServiceCollection services)
    {
        if (services.Any(service => service.ServiceType == typeof(DatabaseClock)))
        {
            return;
        }

        services.AddSingleton(_ => new DatabaseClock(HostTime.Current));
        if (services.FirstOrDefault(service => ReferenceEquals(service.ImplementationInstance, TimeProvider.System)) is { } usual)
        {
            services.Remove(usual);
        }

        services.TryAddSingleton<TimeProvider>(provider => provider.GetRequiredService<DatabaseClock>());
        services.AddHostedService<ClockKeeper>();
    }

    /// <summary>Has the clock of the process set on the first connection that is made.</summary>
    public static void UseClock(this NpgsqlDataSourceBuilder source, TimeProvider time)
    {
        if (time is DatabaseClock clock)
        {
            source.UsePhysicalConnectionInitializer(
                _ => throw new NotSupportedException("Connections are opened asynchronously."),
                connection => ClockKeeper.BeginAsync(clock, connection));
        }
    }
}
