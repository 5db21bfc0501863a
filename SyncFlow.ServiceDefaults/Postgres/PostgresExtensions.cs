using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using SyncFlow.ServiceDefaults.Clock;
using SyncFlow.ServiceDefaults.Health;

namespace SyncFlow.ServiceDefaults.Postgres;

/// <summary>Connections to PostgreSQL.</summary>
public static class PostgresExtensions
{
    /// <summary>
    /// Registers an <see cref="NpgsqlDataSource"/> for a role, keyed by <paramref name="role"/>; the first one of a
    /// process is also the plain <see cref="NpgsqlDataSource"/>. Adds the health check once, and makes the database's clock
    /// the process's.
    /// </summary>
    /// <remarks>
    /// The role is a start-up option of the connection, so it holds from the first statement on. Nothing is reset when a
    /// connection goes back to its pool: whatever is set (the tenant, who acts) is set for one transaction, and a
    /// transaction that was left open is rolled back. Resetting would be a second transaction for every one of ours.
    /// </remarks>
    public static TBuilder AddSyncFlowPostgres<TBuilder>(this TBuilder builder, PostgresRole role)
        where TBuilder : IHostApplicationBuilder
    {
        var application = builder.Environment.ApplicationName;
        builder.Services.AddKeyedSingleton(role, (services, _) => CreateDataSource(services, role, application));
        builder.Services.TryAddSingleton(services => services.GetRequiredKeyedService<NpgsqlDataSource>(role));
        builder.Services.AddDatabaseClock();
        builder.Services.TryAddSingleton<PostgresHealth>();
        builder.Services.AddCheckOnce<PostgresHealth>("postgres");
        return builder;
    }

    /// <summary>
    /// Statements a session keeps prepared: the set-based ones are long and few, and planning them anew for every
    /// batch costs more than running them.
    /// </summary>
    private const int PreparedStatements = 100;

    /// <summary>
    /// The worker's statements look rows up by arrays of keys. Planned for the arrays at hand and for young or stale
    /// statistics, some of them read all rows of a tenant instead, which is slower and grows with the tenant; planned
    /// once for all arrays they go by the keys.
    /// </summary>
    private const string GenericPlans = " -c plan_cache_mode=force_generic_plan";

    /// <summary>
    /// The server compiles a plan to machine code when it expects the plan to be dear, before every run of it. A plan for
    /// all arrays and limits always looks dear: paging a merchant's 50,000 SKUs took 400 ms a page, 1 ms of it running.
    /// </summary>
    private const string NoCompiling = " -c jit=off";

    /// <summary>The connection string whose sessions act as <paramref name="role"/>.</summary>
    /// <param name="connectionString">Npgsql connection string of a login that may become the role.</param>
    /// <param name="role">What the sessions may do.</param>
    public static string ForRole(string connectionString, PostgresRole role)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        builder.MaxAutoPrepare = PreparedStatements;
        builder.NoResetOnClose = true;
        builder.Options = $"{builder.Options} -c role={RoleName(role)}{NoCompiling}{(role == PostgresRole.Worker ? GenericPlans : "")}".Trim();
        return builder.ConnectionString;
    }

    /// <summary>The database role's name, for example <c>syncflow_worker</c>.</summary>
    public static string RoleName(PostgresRole role) => role switch
    {
        PostgresRole.Owner => "syncflow_owner",
        PostgresRole.Ingest => "syncflow_ingest",
        PostgresRole.Api => "syncflow_api",
        PostgresRole.Worker => "syncflow_worker",
    };

    private static NpgsqlDataSource CreateDataSource(IServiceProvider services, PostgresRole role, string application)
    {
        var configured = services.GetRequiredService<IConfiguration>().GetConnectionString(EnvironmentContract.PostgresResource);
        if (string.IsNullOrWhiteSpace(configured))
        {
            throw new InvalidOperationException(
                $"{EnvironmentContract.Postgres} is not set. It is the connection string of SyncFlow's PostgreSQL database.");
        }

        var source = new NpgsqlDataSourceBuilder(ForRole(configured, role));
        source.ConnectionStringBuilder.ApplicationName ??= application;
        source.UseLoggerFactory(services.GetRequiredService<ILoggerFactory>());
        source.UseClock(services.GetRequiredService<TimeProvider>());
        return source.Build();
    }
}
