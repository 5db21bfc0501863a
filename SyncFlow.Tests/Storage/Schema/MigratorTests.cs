using Npgsql;
using Shouldly;
using SyncFlow.Storage.Schema;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Schema;

public sealed class MigratorTests(PostgresFixture postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_second_migration_finds_nothing_to_do()
    {
        var database = await postgres.CreateEmptyDatabaseAsync();
        (await Migrator.MigrateAsync(database, Ct)).ShouldBe(Migrator.Known);
        (await Migrator.MigrateAsync(database, Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Processes_that_migrate_at_the_same_moment_apply_each_migration_once()
    {
        var database = await postgres.CreateEmptyDatabaseAsync();
        var applied = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Migrator.MigrateAsync(database, Ct)));
        applied.Sum(list => list.Count).ShouldBe(Migrator.Known.Count);
    }

    [Fact]
    public async Task A_migration_that_was_applied_with_another_text_is_refused()
    {
        var database = await postgres.CreateEmptyDatabaseAsync();
        await Migrator.MigrateAsync(database, [Migration.Of(1, "0001_first", "CREATE TABLE a (n int)")], Ct);
        var refused = await Should.ThrowAsync<MigrationException>(
            () => Migrator.MigrateAsync(database, [Migration.Of(1, "0001_first", "CREATE TABLE b (n int)")], Ct));
        refused.Message.ShouldContain("0001_first was applied with another text");
    }

    [Fact]
    public async Task A_database_newer_than_the_build_is_refused()
    {
        var database = await postgres.CreateEmptyDatabaseAsync();
        var one = Migration.Of(1, "0001_first", "CREATE TABLE a (n int)");
        await Migrator.MigrateAsync(database, [one, Migration.Of(2, "0002_second", "CREATE TABLE b (n int)")], Ct);
        var refused = await Should.ThrowAsync<MigrationException>(() => Migrator.MigrateAsync(database, [one], Ct));
        refused.Message.ShouldContain("has migration 2");
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_nothing_of_itself()
    {
        var database = await postgres.CreateEmptyDatabaseAsync();
        var broken = Migration.Of(1, "0001_broken", "CREATE TABLE a (n int); CREATE TABLE a (n int)");
        await Should.ThrowAsync<PostgresException>(() => Migrator.MigrateAsync(database, [broken], Ct));
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("SELECT to_regclass('a') IS NULL AND NOT EXISTS (SELECT FROM schema_migrations)");
        (await command.ExecuteScalarAsync(Ct)).ShouldBe(true);
    }

    [Fact]
    public async Task The_inbox_has_a_partition_for_today_and_a_week_ahead()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        const string days = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'inbox'::regclass AND inhrelid <> 'inbox_default'::regclass";
        (await database.ScalarAsync<long>(days)).ShouldBe(8);
        (await database.ScalarAsync<int>("SELECT ensure_inbox_partitions(9)")).ShouldBe(2);
        (await database.ScalarAsync<long>(days)).ShouldBe(10);
    }
}
