using System.Globalization;
using Npgsql;
using SyncFlow.AppHost.Servers;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Schema;

namespace SyncFlow.Benchmarks.Support;

/// <summary>
/// A migrated database of a run's own, and Redis. The servers are ours, in a temporary folder, and write durably as in
/// production; <c>ConnectionStrings__syncflow</c> (a superuser's) and <c>ConnectionStrings__redis</c> name others.
/// </summary>
internal sealed class BenchServers : IAsyncDisposable
{
    /// <summary>Files of the log, 16 MB each, that are made before anything is measured.</summary>
    private const int LogFiles = 64;

    /// <summary>They are kept for being written over, and no checkpoint comes before they are.</summary>
    private static readonly string[] KeptLog = ["min_wal_size=1GB", "max_wal_size=2GB"];

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("syncflow-bench-");
    private readonly string database = string.Create(CultureInfo.InvariantCulture, $"syncflow_bench_{Environment.ProcessId}");
    private EmbeddedPostgres? postgres;
    private EmbeddedRedis? redis;
    private string? lentServer;
    private NpgsqlDataSource? ingest;

    private BenchServers()
    {
    }

    /// <summary>Login that owns the database.</summary>
    public string ConnectionString { get; private set; } = "";

    /// <summary>Redis, as StackExchange.Redis reads it.</summary>
    public string Redis { get; private set; } = "";

    /// <summary>Starts and migrates; commits take as much longer as the options say.</summary>
    public static async Task<BenchServers> StartAsync(BenchOptions options, CancellationToken ct)
    {
        var servers = new BenchServers();
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(StartLimit);
            await servers.StartPostgresAsync(options, limit.Token).ConfigureAwait(false);
            await servers.StartRedisAsync(limit.Token).ConfigureAwait(false);
            await Migrator.MigrateAsync(servers.ConnectionString, limit.Token).ConfigureAwait(false);
            return servers;
        }
        catch
        {
            await servers.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The database as a role of the schema sees it.</summary>
    public NpgsqlDataSource ForRole(PostgresRole role) => NpgsqlDataSource.Create(PostgresExtensions.ForRole(ConnectionString, role));

    /// <summary>The database as the edge sees it: one pool for a whole run, for no edge connects anew for a webhook.</summary>
    public NpgsqlDataSource Ingest => ingest ??= ForRole(PostgresRole.Ingest);

    /// <summary>One value, asked as the database's owner and past everything the product uses.</summary>
    public async Task<T> ScalarAsync<T>(string sql, CancellationToken ct)
    {
        using var owner = NpgsqlDataSource.Create(ConnectionString);
#pragma warning disable CA2100 // Statements are constants of the benchmarks.
        using var command = owner.CreateCommand(sql);
#pragma warning restore CA2100
        return (T)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
    }

    /// <summary>A statement of the database's owner.</summary>
    public Task ExecuteAsync(string sql, CancellationToken ct) => ExecuteAsync(ConnectionString, sql, ct);

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        try
        {
            if (ingest is not null)
            {
                await ingest.DisposeAsync().ConfigureAwait(false);
            }

            if (lentServer is not null)
            {
                await ExecuteAsync(lentServer, $"DROP DATABASE IF EXISTS {database} WITH (FORCE)", CancellationToken.None).ConfigureAwait(false);
            }
        }
        finally
        {
            if (redis is not null)
            {
                await redis.DisposeAsync().ConfigureAwait(false);
            }

            if (postgres is not null)
            {
                await postgres.DisposeAsync().ConfigureAwait(false);
            }

            folder.Delete(recursive: true);
        }
    }

    private async Task StartPostgresAsync(BenchOptions options, CancellationToken ct)
    {
        if (Environment.GetEnvironmentVariable("ConnectionStrings__syncflow") is { Length: > 0 } given)
        {
            if (options[SyncDelay.Option] + options[StatementTrace.Option] > 0)
            {
                throw new CheckFailedException($"{SyncDelay.Option} and {StatementTrace.Option} need a PostgreSQL of the benchmark's own.");
            }

            await ExecuteAsync(given, $"CREATE DATABASE {database}", ct).ConfigureAwait(false);
            lentServer = given;
            ConnectionString = new NpgsqlConnectionStringBuilder(given) { Database = database }.ConnectionString;
            return;
        }

        if (!OperatingSystem.IsWindows())
        {
            // Made for its owner alone; root's PostgreSQL runs under another account and must pass through.
            folder.UnixFileMode |= UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        }

        var settings = new PostgresSettings(folder.FullName, Path.Combine(folder.FullName, "postgres.log"))
        {
            Prefix = SyncDelay.Prefix(folder, options[SyncDelay.Option]),
            Settings = [.. StatementTrace.Settings(options), .. KeptLog],
        };
        postgres = await EmbeddedPostgres.StartAsync(settings, ct).ConfigureAwait(false);
        await KeepLogAsync(postgres.ConnectionString, ct).ConfigureAwait(false);
        ConnectionString = await postgres.EnsureDatabaseAsync(database, ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Files of the write-ahead log to write over. A server that has run for a while has them; a new one makes each when it is
    /// first needed, 16 MB of zeros and a sync while every commit waits, which is this disk's time and none of the product's.
    /// </summary>
    private static async Task KeepLogAsync(string server, CancellationToken ct)
    {
        using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(server) { Pooling = false, CommandTimeout = 120 }.ConnectionString);
        await using var connection = await source.OpenConnectionAsync(ct).ConfigureAwait(false);
        using var next = new NpgsqlCommand("SELECT pg_switch_wal() FROM pg_logical_emit_message(false, 'bench', 'the next file')", connection);
        for (var file = 0; file < LogFiles; file++)
        {
            await next.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        }

        using var recycle = new NpgsqlCommand("CHECKPOINT", connection);
        await recycle.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    private async Task StartRedisAsync(CancellationToken ct)
    {
        if (Environment.GetEnvironmentVariable("ConnectionStrings__redis") is { Length: > 0 } given)
        {
            Redis = given;
            return;
        }

        redis = await EmbeddedRedis.StartAsync(Path.Combine(folder.FullName, "redis.log"), null, ct).ConfigureAwait(false);
        Redis = redis.Configuration;
    }

    private static async Task ExecuteAsync(string server, string sql, CancellationToken ct)
    {
        using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(server) { Pooling = false }.ConnectionString);
#pragma warning disable CA2100 // A database name cannot be a parameter; ours is letters and our process id.
        using var command = source.CreateCommand(sql);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }
}
