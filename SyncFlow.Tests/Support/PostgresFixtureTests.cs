using Npgsql;
using Shouldly;
using Xunit;

namespace SyncFlow.Tests.Support;

public sealed class PostgresFixtureTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Every_database_is_its_own()
    {
        var databases = await Task.WhenAll(postgres.CreateDatabaseAsync(), postgres.CreateDatabaseAsync());
        await using var one = NpgsqlDataSource.Create(databases[0]);
        await using var other = NpgsqlDataSource.Create(databases[1]);
        await using var create = one.CreateCommand("CREATE TABLE only_here (n int)");
        await create.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        const string question = "SELECT to_regclass('only_here') IS NOT NULL";
        await using var here = one.CreateCommand(question);
        await using var there = other.CreateCommand(question);
        (await here.ExecuteScalarAsync(TestContext.Current.CancellationToken)).ShouldBe(true);
        (await there.ExecuteScalarAsync(TestContext.Current.CancellationToken)).ShouldBe(false);
    }
}
