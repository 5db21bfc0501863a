using System.Globalization;
using Npgsql;
using SyncFlow.AppHost.Servers;
using SyncFlow.Tests.Support;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresFixture))]

namespace SyncFlow.Tests.Support;

/// <summary>
/// Real PostgreSQL databases for tests. Take it as a constructor argument. The server is the one that
/// <c>SYNCFLOW_TEST_POSTGRES</c> names (a connection string of a superuser), else one of our own that lives as long as
/// the run and starts when the first test asks. One template database is migrated; each
/// <see cref="CreateDatabaseAsync"/> copies it, so test classes run side by side with nothing to clean. What was made within one
/// test is dropped some time after it.
/// </summary>
public sealed class PostgresFixture : IAsyncDisposable
{
    /// <summary>Connections one pool of a test database may hold; the server has 400 for all classes that run side by side.</summary>
    private const int MostConnections = 20;

    /// <summary>With hundreds of databases a housekeeper would start several times a second, to find rows that live for seconds.</summary>
    private static readonly string[] ForTests = ["autovacuum=off", "max_connections=400"];

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private readonly SemaphoreSlim gate = new(1, 1);

    private readonly List<string> databases = [];

    private readonly Dictionary<string, List<string>> databasesOfTests = [];

    private readonly string run = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    private DirectoryInfo? folder;

    private EmbeddedPostgres? server;

    private string? admin;

    private string? template;

    private string? unavailable;

    /// <summary>A new database with the full schema. Skips the calling test where no server can be had (fails in CI).</summary>
    /// <returns>Its connection string, for a login that may become every role of the schema.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        await gate.WaitAsync();
        try
        {
            await EnsureTemplateAsync();
            return await CopyAsync(template!);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>A new database with nothing in it, for tests of migrations themselves.</summary>
    public async Task<string> CreateEmptyDatabaseAsync()
    {
        await gate.WaitAsync();
        try
        {
            await EnsureServerAsync();
            return await CopyAsync("template0");
        }
        finally
        {
            gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (server is null && admin is not null)
            {
                await DropAllAsync(); // A server that was lent to us is given back as it was.
            }
        }
        finally
        {
            NpgsqlConnection.ClearAllPools();
            if (server is not null)
            {
                await server.DisposeAsync();
            }

            folder?.Delete(recursive: true);
            gate.Dispose();
        }
    }

    private async Task EnsureTemplateAsync()
    {
        await EnsureServerAsync();
        if (template is null)
        {
            var name = $"syncflow_template_{run}";
            var connectionString = await CreateAsync(name, "template0");
            await Schema.Migrate(connectionString);

            // A template with an open connection cannot be copied.
            using var pooled = new NpgsqlConnection(connectionString);
            NpgsqlConnection.ClearPool(pooled);
            template = name;
        }
    }

    private async Task EnsureServerAsync()
    {
        if (admin is null && unavailable is null)
        {
            await FindOrStartAsync();
        }

        if (unavailable is not null)
        {
            TestServers.RefuseOrSkip(unavailable);
        }
    }

    private async Task FindOrStartAsync()
    {
        if (Environment.GetEnvironmentVariable("SYNCFLOW_TEST_POSTGRES") is { Length: > 0 } given)
        {
            admin = given;
            return;
        }

        try
        {
            using var limit = new CancellationTokenSource(StartLimit);
            folder = TestServers.CreateFolder(inMemory: true);
            var settings = new PostgresSettings(folder.FullName, Path.Combine(folder.FullName, "postgres.log"), Temporary: true)
            {
                Settings = ForTests,
            };
            server = await EmbeddedPostgres.StartAsync(settings, limit.Token);
            admin = server.ConnectionString;
        }
        catch (ServerNotFoundException missing)
        {
            unavailable = missing.Message;
        }
    }

    private async Task<string> CopyAsync(string source)
    {
        await DropEndedAsync();
        var name = string.Create(CultureInfo.InvariantCulture, $"syncflow_test_{run}_{databases.Count}");
        if (TestContext.Current.Test is { UniqueID: var test })
        {
            databasesOfTests.TryAdd(test, []);
            databasesOfTests[test].Add(name);
        }

        return await CreateAsync(name, source);
    }

    private async Task DropEndedAsync()
    {
        foreach (var test in EndedTestsAttribute.Take())
        {
            foreach (var name in databasesOfTests.Remove(test, out var own) ? own : [])
            {
                await DropAsync(name);
            }
        }
    }

    private async Task DropAsync(string name)
    {
        try
        {
            await ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        }
        catch (PostgresException kept) when (kept.SqlState == PostgresErrorCodes.ObjectInUse)
        {
            // A test of change data capture left its replication slot: it goes with the server.
        }
    }

    private async Task<string> CreateAsync(string name, string source)
    {
        await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {source}");
        databases.Add(name);
        return new NpgsqlConnectionStringBuilder(admin) { Database = name, MaxPoolSize = MostConnections }.ConnectionString;
    }

    private async Task DropAllAsync()
    {
        foreach (var name in databases)
        {
            await ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        }
    }

    private async Task ExecuteAsync(string sql)
    {
        var unpooled = new NpgsqlConnectionStringBuilder(admin) { Pooling = false }.ConnectionString;
        using var connection = new NpgsqlConnection(unpooled);
        await connection.OpenAsync();
#pragma warning disable CA2100 // Database names cannot be parameters; these are made here, of letters and digits.
        using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
