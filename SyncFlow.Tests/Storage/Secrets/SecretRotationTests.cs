using Shouldly;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Secrets;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Secrets;

public sealed class SecretRotationTests(PostgresFixture postgres)
{
    private static readonly byte[] Old = new byte[32];

    private static readonly byte[] Young = [1, .. new byte[31]];

    private static readonly CredentialVault Before = new(new Dictionary<string, byte[]> { ["1"] = Old }, "1");

    private static readonly CredentialVault Both = new(new Dictionary<string, byte[]> { ["1"] = Old, ["2"] = Young }, "2");

    private static readonly CredentialVault After = new(new Dictionary<string, byte[]> { ["2"] = Young }, "2");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_secret_of_every_tenant_opens_with_the_new_key_alone_afterwards()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var one = await Merchant.CreateAsync(database, connections: 3, skus: 1);
        var two = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var (older, envelope, current) = (one.Connections[0], one.Connections[1], one.Connections[2]);
        await StoreAsync(database, one.Tenant, older, OlderLayout.Seal(Old, 1, one.Tenant.Value, older.Value, "older"));
        await StoreAsync(database, one.Tenant, envelope, Before.Seal(one.Tenant, envelope, "envelope"));
        await StoreAsync(database, one.Tenant, current, Both.Seal(one.Tenant, current, "current"));
        await StoreAsync(database, two.Tenant, two.Connections[0], Before.Seal(two.Tenant, two.Connections[0], "theirs"));
        await database.ExecuteAsync(
            "UPDATE connections SET webhook_secret = $2 WHERE connection_id = $1",
            older.Value, Before.Seal(SecretOwner.Webhook(one.Tenant, older), "shpss"));

        await using var owner = database.ForRole(PostgresRole.Owner);
        var report = await new SecretRotation(owner, Both).RunAsync(Ct);
        (report.Resealed, report.Current, report.Unreadable.Count).ShouldBe((4, 1, 0));
        After.Open(one.Tenant, older, await CredentialAsync(database, older)).ShouldBe("older");
        After.Open(one.Tenant, envelope, await CredentialAsync(database, envelope)).ShouldBe("envelope");
        After.Open(one.Tenant, current, await CredentialAsync(database, current)).ShouldBe("current");
        After.Open(two.Tenant, two.Connections[0], await CredentialAsync(database, two.Connections[0])).ShouldBe("theirs");
        After.Open(
            SecretOwner.Webhook(one.Tenant, older),
            await database.ScalarAsync<byte[]>("SELECT webhook_secret FROM connections WHERE connection_id = $1", older.Value)).ShouldBe("shpss");

        var again = await new SecretRotation(owner, After).RunAsync(Ct);
        (again.Resealed, again.Current).ShouldBe((0, 5));
    }

    [Fact]
    public async Task A_secret_that_no_key_opens_is_named_by_its_place_and_left_and_its_neighbours_pass()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1);
        var moved = Before.Seal(merchant.Tenant, merchant.Connections[1], "of another row");
        await StoreAsync(database, merchant.Tenant, merchant.Connections[0], moved);
        await StoreAsync(database, merchant.Tenant, merchant.Connections[1], Before.Seal(merchant.Tenant, merchant.Connections[1], "fine"));

        await using var owner = database.ForRole(PostgresRole.Owner);
        var report = await new SecretRotation(owner, Both).RunAsync(Ct);
        report.Resealed.ShouldBe(1);
        report.Unreadable.ShouldHaveSingleItem().ShouldContain($"id {merchant.Connections[0].Value}");
        (await CredentialAsync(database, merchant.Connections[0])).ShouldBe(moved);
    }

    [Fact]
    public async Task The_command_rotates_and_tells_by_its_exit_code_whether_all_is_well()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 2, skus: 1);
        await StoreAsync(database, merchant.Tenant, merchant.Connections[0], Before.Seal(merchant.Tenant, merchant.Connections[0], "token"));
        string[] command =
        [
            "rotate-secrets", $"--ConnectionStrings:syncflow={database.ConnectionString}",
            $"--SyncFlow:SecretsKey=2:{Convert.ToBase64String(Young)},1:{Convert.ToBase64String(Old)}",
        ];
        (await SyncFlow.Api.Program.Main(command)).ShouldBe(0);
        After.Open(merchant.Tenant, merchant.Connections[0], await CredentialAsync(database, merchant.Connections[0])).ShouldBe("token");

        await StoreAsync(database, merchant.Tenant, merchant.Connections[1], [9, 9, 9]);
        (await SyncFlow.Api.Program.Main(command)).ShouldBe(1);
    }

    private static Task StoreAsync(TestDatabase database, TenantId tenant, ConnectionId connection, byte[] credential) => database.ExecuteAsync(
        "UPDATE connections SET credential = $3 WHERE tenant_id = $1 AND connection_id = $2", tenant.Value, connection.Value, credential);

    private static Task<byte[]> CredentialAsync(TestDatabase database, ConnectionId connection) =>
        database.ScalarAsync<byte[]>("SELECT credential FROM connections WHERE connection_id = $1", connection.Value);
}
