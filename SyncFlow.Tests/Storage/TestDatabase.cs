using Npgsql;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Tests.Support;

namespace SyncFlow.Tests.Storage;

/// <summary>A test's own database, seen by each role, and short ways to look into it.</summary>
internal sealed class TestDatabase : IAsyncDisposable
{
    private TestDatabase(string connectionString)
    {
        ConnectionString = connectionString;
        Admin = NpgsqlDataSource.Create(connectionString);
        Ingest = ForRole(PostgresRole.Ingest);
        Api = ForRole(PostgresRole.Api);
        Worker = ForRole(PostgresRole.Worker);
    }

    public string ConnectionString { get; }

    /// <summary>A superuser: sees and changes everything, whatever row-level security says.</summary>
    public NpgsqlDataSource Admin { get; }

    public NpgsqlDataSource Ingest { get; }

    public NpgsqlDataSource Api { get; }

    public NpgsqlDataSource Worker { get; }

    public static async Task<TestDatabase> CreateAsync(PostgresFixture postgres) => new(await postgres.CreateDatabaseAsync());

    public NpgsqlDataSource ForRole(PostgresRole role) =>
        NpgsqlDataSource.Create(PostgresExtensions.ForRole(ConnectionString, role));

    /// <summary>Runs statements as superuser.</summary>
    public async Task ExecuteAsync(string sql, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first column of the first row, as superuser.</summary>
    public async Task<T> ScalarAsync<T>(string sql, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>How many events stand where: <c>0: 6, 1: 4</c>.</summary>
    public Task<string> InboxStatesAsync() => ScalarAsync<string>(
        "SELECT string_agg(state || ': ' || events, ', ' ORDER BY state) FROM (SELECT state, count(*) AS events FROM inbox GROUP BY state) AS s");

    public async ValueTask DisposeAsync()
    {
        await Worker.DisposeAsync();
        await Api.DisposeAsync();
        await Ingest.DisposeAsync();
        await Admin.DisposeAsync();
    }

    private NpgsqlCommand Command(string sql, object?[] parameters)
    {
        var command = Admin.CreateCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter ?? DBNull.Value });
        }

        return command;
    }
}
