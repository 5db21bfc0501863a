using SyncFlow.AppHost.Sandbox;
using SyncFlow.AppHost.Servers;

namespace SyncFlow.AppHost.Local;

/// <summary>
/// PostgreSQL and Redis of a local run: our own, or those that the environment names by connection strings.
/// </summary>
internal sealed class LocalServers : IAsyncDisposable
{
    private readonly EmbeddedPostgres? postgres;

    private readonly KeptRedis? redis;

    private LocalServers(EmbeddedPostgres? postgres, KeptRedis? redis, string postgresConnection, string redisConnection)
    {
        this.postgres = postgres;
        this.redis = redis;
        Postgres = postgresConnection;
        Redis = redisConnection;
    }

    /// <summary>Connection string of SyncFlow's database.</summary>
    public string Postgres { get; }

    /// <summary>Configuration of Redis.</summary>
    public string Redis { get; }

    /// <summary>How often our own Redis died and was started again; null where the environment names another.</summary>
    public ServiceRestarts? RedisRestarts => redis is null ? null : new ServiceRestarts(KeptRedis.Name, redis.Restarts);

    /// <summary>Starts what the environment does not name, both at once.</summary>
    public static async Task<LocalServers> StartAsync(DataFolder folder, TimeProvider time, CancellationToken cancellation)
    {
        var givenPostgres = Given(EnvironmentContract.Postgres);
        var givenRedis = Given(EnvironmentContract.Redis);

        // On threads of their own: initdb and pg_ctl are waited for without a task.
        var postgresStart = givenPostgres is null
            ? Task.Run(() => EmbeddedPostgres.StartAsync(new PostgresSettings(folder.Root, folder.NewLog("postgres")), cancellation), cancellation)
            : null;
        var redisStart = givenRedis is null
            ? Task.Run(() => KeptRedis.StartAsync(folder.NewLog("redis"), time, cancellation), cancellation)
            : null;
        try
        {
            await Task.WhenAll(postgresStart ?? Task.CompletedTask, redisStart ?? Task.CompletedTask).ConfigureAwait(false);
            var postgres = postgresStart is null ? null : await postgresStart.ConfigureAwait(false);
            var redis = redisStart is null ? null : await redisStart.ConfigureAwait(false);
            var database = postgres is null
                ? givenPostgres!
                : await postgres.EnsureDatabaseAsync(EnvironmentContract.PostgresResource, cancellation).ConfigureAwait(false);
            return new LocalServers(postgres, redis, database, redis?.Configuration ?? givenRedis!);
        }
        catch
        {
            // One of the two may be up while the other failed.
            if (postgresStart is { IsCompletedSuccessfully: true })
            {
                await postgresStart.Result.DisposeAsync().ConfigureAwait(false);
            }

            if (redisStart is { IsCompletedSuccessfully: true })
            {
                await redisStart.Result.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (redis is not null)
        {
            await redis.DisposeAsync().ConfigureAwait(false);
        }

        if (postgres is not null)
        {
            await postgres.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static string? Given(string variable)
    {
        return Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;
    }
}
