using System.Diagnostics;
using Npgsql;
using Shouldly;
using SyncFlow.AppHost.Servers;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.AppHost;

public sealed class EmbeddedPostgresTests : IDisposable
{
    private readonly DirectoryInfo folder = TestServers.CreateFolder();

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task What_was_written_is_there_after_a_stop_and_a_start()
    {
        await using (var first = await StartAsync())
        {
            await ExecuteAsync(await first.EnsureDatabaseAsync("syncflow", TestContext.Current.CancellationToken), "CREATE TABLE kept AS SELECT 7 AS n");
        }

        await using var second = await StartAsync();
        (await ScalarAsync(second.ConnectionStringFor("syncflow"), "SELECT n FROM kept")).ShouldBe(7);
    }

    [Fact]
    public async Task A_start_after_a_kill_recovers_committed_rows()
    {
        await using (var first = await StartAsync())
        {
            await ExecuteAsync(first.ConnectionStringFor("postgres"), "CREATE TABLE kept AS SELECT 7 AS n");
            using var process = Process.GetProcessById(first.ProcessId);
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Directory.EnumerateFiles(folder.FullName, "postmaster.pid", SearchOption.AllDirectories).ShouldHaveSingleItem();
        await using var second = await StartAsync();
        (await ScalarAsync(second.ConnectionStringFor("postgres"), "SELECT n FROM kept")).ShouldBe(7);
    }

    [Fact]
    public async Task The_cluster_is_UTF8_with_byte_order_lz4_and_passwords()
    {
        await using var server = await StartAsync();
        const string facts =
            """
            SELECT concat_ws(' ', pg_encoding_to_char(encoding), current_setting('default_toast_compression'),
                             current_setting('wal_compression'), current_setting('max_connections'))
            FROM pg_database WHERE datname = 'postgres'
            """;
        (await ScalarAsync(server.ConnectionString, facts)).ShouldBe("UTF8 lz4 lz4 200");
        (await ScalarAsync(server.ConnectionString, "SELECT 'Z' < 'a'")).ShouldBe(true);

        var wrong = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = "guess" }.ConnectionString;
        var refused = await Should.ThrowAsync<PostgresException>(() => ScalarAsync(wrong, "SELECT 1"));
        refused.SqlState.ShouldBe(PostgresErrorCodes.InvalidPassword);
    }

    private Task<EmbeddedPostgres> StartAsync()
    {
        var settings = new PostgresSettings(folder.FullName, Path.Combine(folder.FullName, "postgres.log"));
        return TestServers.StartOrSkipAsync(limit => EmbeddedPostgres.StartAsync(settings, limit));
    }

    private static async Task ExecuteAsync(string connectionString, string sql) => await ScalarAsync(connectionString, sql);

    private static async Task<object?> ScalarAsync(string connectionString, string sql)
    {
        var unpooled = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;
        await using var source = NpgsqlDataSource.Create(unpooled);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
    }
}
