using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Shouldly;
using SyncFlow.ServiceDefaults;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.ServiceDefaults;

public sealed class PostgresExtensionsTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_session_acts_as_its_role_from_the_start_and_keeps_nothing_of_the_transaction_before()
    {
        var database = await postgres.CreateDatabaseAsync();
        await TestRoles.EnsureAsync(database);
        using var host = Build(database);
        await using var worker = host.Services.GetRequiredKeyedService<NpgsqlDataSource>(PostgresRole.Worker);
        host.Services.GetRequiredService<NpgsqlDataSource>().ShouldBeSameAs(
            host.Services.GetRequiredKeyedService<NpgsqlDataSource>(PostgresRole.Api), "the first role is the plain one");

        (await RoleAsync(worker, "SELECT current_role::text")).ShouldBe("syncflow_worker");

        // Left open, as by a failure: the pool rolls it back, and resets nothing else.
        var connection = await worker.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using (var set = new NpgsqlCommand("BEGIN; SELECT set_config('app.tenant_id', '7', true), set_config('role', 'syncflow_api', true)", connection))
        {
            await set.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var used = connection.ProcessID;
        await connection.CloseAsync();
        (await RoleAsync(worker, "SELECT concat_ws('/', pg_backend_pid(), current_role, nullif(current_setting('app.tenant_id', true), ''))"))
            .ShouldBe($"{used}/syncflow_worker", "the same connection");
    }

    [Theory]
    [InlineData(PostgresRole.Ingest)]
    [InlineData(PostgresRole.Api)]
    [InlineData(PostgresRole.Worker)]
    [InlineData(PostgresRole.Owner)]
    public async Task No_plan_is_compiled_however_dear_it_is_expected_to_be(PostgresRole role)
    {
        var database = await postgres.CreateDatabaseAsync();
        await TestRoles.EnsureAsync(database);
        await using var source = NpgsqlDataSource.Create(PostgresExtensions.ForRole(database, role));
        var plan = await RoleAsync(source, "SELECT current_setting('jit')");
        plan.ShouldBe("off", "compiling took 400 ms of a page of SKUs, and a millisecond was its work");
    }

    [Fact]
    public void A_missing_connection_string_is_named()
    {
        using var host = Build("");
        Should.Throw<InvalidOperationException>(() => host.Services.GetRequiredService<NpgsqlDataSource>())
            .Message.ShouldContain("ConnectionStrings__syncflow");
    }

    private static IHost Build(string database)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "test" });
        builder.Configuration["ConnectionStrings:syncflow"] = database;
        builder.AddServiceDefaults().AddSyncFlowPostgres(PostgresRole.Api).AddSyncFlowPostgres(PostgresRole.Worker);
        builder.Logging.ClearProviders();
        return builder.Build();
    }

    private static async Task<object?> RoleAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
    }
}
