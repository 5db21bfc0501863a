using Npgsql;

namespace SyncFlow.AppHost.Servers;

/// <summary>How to run a PostgreSQL of ours.</summary>
/// <param name="Folder">The folder its data belongs to; made when missing.</param>
/// <param name="LogFile">Where its output is appended.</param>
/// <param name="Temporary">The data is thrown away at the end, so it need not survive a crash.</param>
internal sealed record PostgresSettings(string Folder, string LogFile, bool Temporary = false)
{
    /// <summary>What the server's command line begins with, such as <c>env NAME=value</c>.</summary>
    public IReadOnlyList<string> Prefix { get; init; } = [];

    /// <summary>Settings in place of the usual ones, each as <c>name=value</c>.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];
}

/// <summary>A PostgreSQL of our own on a free loopback port.</summary>
internal sealed class EmbeddedPostgres : IAsyncDisposable
{
    /// <summary>Another program may take the free port first; then the next one is tried.</summary>
    private const int StartAttempts = 5;

    private const int ProbeSeconds = 5;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);

    private readonly PostgresFolder folder;

    private readonly PostgresSettings settings;

    private readonly OwnedProcess process;

    private readonly Watchdog watchdog;

    private EmbeddedPostgres(
        PostgresFolder folder, PostgresSettings settings, OwnedProcess process, Watchdog watchdog, string connectionString)
    {
        this.folder = folder;
        this.settings = settings;
        this.process = process;
        this.watchdog = watchdog;
        ConnectionString = connectionString;
    }

    /// <summary>Npgsql connection string of the server's login to the database <c>postgres</c>.</summary>
    public string ConnectionString { get; }

    /// <summary>Process id of the server, for a test that kills it.</summary>
    public int ProcessId => process.Id;

    /// <summary>Makes the cluster if needed, starts the server and waits until it takes connections.</summary>
    /// <exception cref="ServerNotFoundException">PostgreSQL, or the account to run it under, is missing.</exception>
    /// <exception cref="ServerFailedException">It ended while starting, or does not answer; the message has its last output.</exception>
    public static async Task<EmbeddedPostgres> StartAsync(PostgresSettings settings, CancellationToken cancellation)
    {
        var folder = PostgresFolder.In(settings.Folder);
        var password = folder.Prepare();
        folder.ClearLeftovers();
        for (var attempt = 1; ; attempt++)
        {
            var server = Launch(folder, settings, password);
            try
            {
                if (await server.BecomesReadyAsync(cancellation).ConfigureAwait(false))
                {
                    return server;
                }
            }
            catch
            {
                await server.DisposeAsync().ConfigureAwait(false);
                throw;
            }

            var output = server.process.LastOutput();
            server.process.Dispose();
            server.watchdog.Dispose();
            if (attempt == StartAttempts || !IsWorthAnotherTry(output))
            {
                throw new ServerFailedException(
                    $"PostgreSQL ended while starting. Its log ({settings.LogFile}) ends:{Environment.NewLine}{output}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500 * attempt), cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The connection string for another database of this server.</summary>
    public string ConnectionStringFor(string database)
    {
        return new NpgsqlConnectionStringBuilder(ConnectionString) { Database = database }.ConnectionString;
    }

    /// <summary>Creates a database if it is not there, and returns its connection string.</summary>
    public async Task<string> EnsureDatabaseAsync(string database, CancellationToken cancellation)
    {
        using var source = NpgsqlDataSource.Create(ConnectionString);
        using var exists = source.CreateCommand("SELECT 1 FROM pg_database WHERE datname = $1");
        exists.Parameters.AddWithValue(database);
        if (await exists.ExecuteScalarAsync(cancellation).ConfigureAwait(false) is null)
        {
            using var quote = source.CreateCommand("SELECT quote_ident($1)");
            quote.Parameters.AddWithValue(database);
            var name = (string?)await quote.ExecuteScalarAsync(cancellation).ConfigureAwait(false);
#pragma warning disable CA2100 // A database name cannot be a parameter; the server itself quoted it.
            using var create = source.CreateCommand($"CREATE DATABASE {name}");
#pragma warning restore CA2100
            await create.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        }

        return ConnectionStringFor(database);
    }

    /// <summary>Stops the server; a temporary one leaves nothing behind.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!process.HasExited)
            {
                folder.Stop();
            }
        }
        catch (ServerFailedException) when (process.HasExited)
        {
            // It ended by itself between the question and the request.
        }
        finally
        {
            await process.WaitOrKillAsync(StopLimit).ConfigureAwait(false);
            watchdog.Dispose();
            process.Dispose();
            if (settings.Temporary)
            {
                folder.Delete();
            }
        }
    }

    private static EmbeddedPostgres Launch(PostgresFolder folder, PostgresSettings settings, string password)
    {
        var port = LoopbackPorts.Free();
        var process = OwnedProcess.Start(folder.ServerCommand(port, !settings.Temporary, settings.Prefix, settings.Settings), settings.LogFile, workingFolder: folder.Root);
        var watchdog = Watchdog.Over(process, "INT", settings.Temporary ? folder.Root : null);
        var connection = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = port,
            Username = PostgresFolder.Login,
            Password = password,
            Database = "postgres",
        };
        return new EmbeddedPostgres(folder, settings, process, watchdog, connection.ConnectionString);
    }

    /// <summary>
    /// A port taken by another program, or the processes of a killed server that have not noticed yet and still hold
    /// its shared memory: both pass.
    /// </summary>
    private static bool IsWorthAnotherTry(string output)
    {
        return output.Contains("could not bind", StringComparison.Ordinal)
            || output.Contains("Address already in use", StringComparison.Ordinal)
            || output.Contains("is still in use", StringComparison.Ordinal);
    }

    /// <summary>Waits for the first connection. False when the process ended instead.</summary>
    private async Task<bool> BecomesReadyAsync(CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(StartLimit);
        var probe = new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false, Timeout = ProbeSeconds }.ConnectionString;
        while (!process.HasExited)
        {
            if (limit.IsCancellationRequested)
            {
                cancellation.ThrowIfCancellationRequested();
                throw new ServerFailedException(
                    $"PostgreSQL does not answer after {StartLimit.TotalSeconds:0} s. Its log ({settings.LogFile}) ends:{Environment.NewLine}{process.LastOutput()}");
            }

            try
            {
                using var connection = new NpgsqlConnection(probe);
                await connection.OpenAsync(cancellation).ConfigureAwait(false);
                return true;
            }
            catch (NpgsqlException failure) when (IsStillStarting(failure))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(25), cancellation).ConfigureAwait(false);
            }
        }

        return false;
    }

    private static bool IsStillStarting(NpgsqlException failure)
    {
        return failure is not PostgresException refusal || refusal.SqlState == PostgresErrorCodes.CannotConnectNow;
    }
}
