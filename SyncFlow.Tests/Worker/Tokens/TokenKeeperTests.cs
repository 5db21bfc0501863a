using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Connections;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using SyncFlow.Worker;
using SyncFlow.Worker.Connections;
using Xunit;

namespace SyncFlow.Tests.Worker.Tokens;

public sealed class TokenKeeperTests(PostgresFixture postgres)
{
    private static readonly TenantId Tenant = new(1);

    private static readonly CredentialVault Vault = CredentialVault.FromBase64(Convert.ToBase64String(new byte[32]));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_thousand_shops_after_an_outage_are_each_refreshed_exactly_once_by_two_workers_with_many_callers()
    {
        const int shops = 1_000;
        await using var server = await TokenServer.StartAsync();
        await using var database = await DatabaseAsync(shops, expiresIn: TimeSpan.FromHours(-2));
        using var one = Keeper(database, server);
        using var two = Keeper(database, server);

        // Three callers a shop and worker, as a connection's publisher, verifier and work have it.
        var calls = from shop in Enumerable.Range(1, shops)
                    from keeper in new[] { one, two, one, two, one, two }
                    select Task.Run(async () => (shop, await FreshAsync(database, keeper, shop)));
        var answers = await Task.WhenAll(calls);

        server.Refreshes.Count.ShouldBe(shops);
        server.Refreshes.Values.ShouldAllBe(times => times == 1);
        answers.ShouldAllBe(answer => answer.Item2 == "access-1");
        (await database.ScalarAsync<long>("SELECT count(*) FROM connections WHERE token_refreshes = 1 AND token_claim IS NULL AND token_expires_at > now()")).ShouldBe(shops);
        server.MostAtOnce.ShouldBeLessThanOrEqualTo(32, "a storm is not passed on");
    }

    [Fact]
    public async Task Refused_calls_renew_once_and_everybody_takes_what_that_brought()
    {
        await using var server = await TokenServer.StartAsync();
        await using var database = await DatabaseAsync(1, expiresIn: TimeSpan.FromMinutes(30));
        using var keeper = Keeper(database, server);
        (await FreshAsync(database, keeper, 1)).ShouldBe("access-0", "it holds for long enough");
        await database.ExecuteAsync("UPDATE connections SET scopes = 'read_inventory,write_inventory'");
        var audited = await database.ScalarAsync<long>("SELECT count(*) FROM audit_log");
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => keeper.AfterRefusalAsync(Tenant, new ConnectionId(1), "access-0", Ct)));
        answers.ShouldAllBe(token => token == "access-1");
        server.Refreshes.Values.ShouldBe([1]);
        (await database.ScalarAsync<long>("SELECT count(*) FROM audit_log")).ShouldBe(audited, "a renewal is no change of configuration");
        await database.ExecuteAsync("UPDATE connections SET credential = '\\x01'");
        (await database.ScalarAsync<long>("SELECT count(*) FROM audit_log")).ShouldBe(audited + 1, "another access is");
    }

    [Fact]
    public async Task C24_A_refresh_that_is_refused_suspends_once_and_nothing_more_is_asked()
    {
        await using var server = await TokenServer.StartAsync();
        server.Status = 400;
        await using var database = await DatabaseAsync(1, expiresIn: TimeSpan.FromHours(-1));
        using var keeper = Keeper(database, server);
        (await FreshAsync(database, keeper, 1)).ShouldBeNull();
        (await database.ScalarAsync<short>("SELECT status FROM connections")).ShouldBe((short)ConnectionStatus.Suspended);
        (await database.ScalarAsync<long>("SELECT count(*) FROM incidents WHERE kind = 'connection-suspended'")).ShouldBe(1);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => FreshAsync(database, keeper, 1)));
        server.Failed.ShouldBe(1);
    }

    [Fact]
    public async Task A_shop_that_does_not_answer_is_asked_again_after_a_wait_and_an_unended_token_is_used_meanwhile()
    {
        await using var server = await TokenServer.StartAsync();
        server.Status = 503;
        await using var database = await DatabaseAsync(2, expiresIn: TimeSpan.FromMinutes(4));
        await database.ExecuteAsync("UPDATE connections SET credential = $1 WHERE connection_id = 2", Sealed(2, Pair(TimeSpan.FromMinutes(-1))));
        var clock = new TestClock(TimeProvider.System.GetUtcNow());
        using var keeper = Keeper(database, server, clock);
        (await FreshAsync(database, keeper, 1)).ShouldBe("access-0");
        (await FreshAsync(database, keeper, 2)).ShouldBeNull("it has ended");
        await FreshAsync(database, keeper, 1);
        server.Failed.ShouldBe(2, "it rests after a failure");
        (await database.ScalarAsync<long>("SELECT count(*) FROM connections WHERE status = 1")).ShouldBe(2, "nobody is suspended for an outage");

        server.Status = 200;
        clock.Advance(TimeSpan.FromSeconds(6));
        (await FreshAsync(database, keeper, 1)).ShouldBe("access-1");
        (await FreshAsync(database, keeper, 2)).ShouldBe("access-1");
    }

    [Fact]
    public async Task A_wrong_client_secret_of_ours_suspends_no_shop()
    {
        await using var server = await TokenServer.StartAsync();
        (server.Status, server.Error) = (400, "invalid_client");
        await using var database = await DatabaseAsync(1, expiresIn: TimeSpan.FromHours(-1));
        using var keeper = Keeper(database, server);
        (await FreshAsync(database, keeper, 1)).ShouldBeNull();
        (await database.ScalarAsync<short>("SELECT status FROM connections")).ShouldBe((short)1);
        (await database.ScalarAsync<string>("SELECT last_error FROM connections")).ShouldContain("invalid_client");
    }

    [Fact]
    public async Task A_worker_that_died_while_it_renewed_leaves_its_shop_to_the_next_one_after_a_minute()
    {
        await using var server = await TokenServer.StartAsync();
        await using var database = await DatabaseAsync(1, expiresIn: TimeSpan.FromHours(-1));
        var clock = new TestClock(TimeProvider.System.GetUtcNow());
        var store = new TokenStore(database.Worker, clock);
        var stored = (await store.ReadAsync(Tenant, new ConnectionId(1), Ct)).ShouldNotBeNull();
        (await store.ClaimAsync(Tenant, new ConnectionId(1), stored.Sealed, "the dead one", TimeSpan.FromSeconds(60), Ct)).ShouldBeTrue();
        (await store.ClaimAsync(Tenant, new ConnectionId(1), stored.Sealed, "another", TimeSpan.FromSeconds(60), Ct)).ShouldBeFalse();
        clock.Advance(TimeSpan.FromSeconds(61));
        using var keeper = Keeper(database, server, clock);
        (await FreshAsync(database, keeper, 1)).ShouldBe("access-1");

        // Should it have been slow only: what it brings now is not stored over the newer pair.
        (await store.StoreAsync(Tenant, new ConnectionId(1), "the dead one", [1], Pair(TimeSpan.FromHours(1)), "", Ct)).ShouldBeFalse();
    }

    [Fact]
    public async Task Idle_shops_are_renewed_before_their_refresh_token_ends_and_those_that_refused_us_are_not()
    {
        await using var server = await TokenServer.StartAsync();
        await using var database = await DatabaseAsync(3, expiresIn: TimeSpan.FromHours(-900));
        await database.ExecuteAsync(
            """
            UPDATE connections SET refresh_expires_at = now() + interval '50 days' WHERE connection_id <> 2;
            UPDATE connections SET status = 5 WHERE connection_id = 3
            """);
        foreach (var id in new[] { 1, 3 })
        {
            await database.ExecuteAsync("UPDATE connections SET credential = $2 WHERE connection_id = $1", (long)id, Sealed(id, Pair(TimeSpan.FromHours(-900), TimeSpan.FromDays(50))));
        }

        using var keeper = Keeper(database, server);
        using var jobs = new TokenJobs(new TokenStore(database.Worker, TimeProvider.System), keeper, TimeProvider.System, NullLogger<TokenJobs>.Instance);
        (await jobs.LookAsync(Ct)).ShouldBe(1);
        server.Refreshes.Keys.ShouldBe(["shop-1.myshopify.com"]);
        (await jobs.LookAsync(Ct)).ShouldBe(0, "it is good for 90 days again");
    }

    private static ChannelCredential Pair(TimeSpan expiresIn, TimeSpan? refreshExpiresIn = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new ChannelCredential("access-0", "refresh-0", now + expiresIn, now + (refreshExpiresIn ?? TimeSpan.FromDays(89)));
    }

    private static byte[] Sealed(long connection, ChannelCredential credential) => Vault.Seal(Tenant, new ConnectionId(connection), credential.ToText());

    private async Task<TestDatabase> DatabaseAsync(int shops, TimeSpan expiresIn)
    {
        var database = await TestDatabase.CreateAsync(postgres);
        var pair = Pair(expiresIn);
        await database.ExecuteAsync("INSERT INTO tenants (tenant_id, name) VALUES (1, 'Merchant')");
        long[] ids = [.. Enumerable.Range(1, shops)];
        await database.ExecuteAsync(
            """
            INSERT INTO connections (tenant_id, connection_id, kind, name, shop, credential, token_expires_at, refresh_expires_at)
            SELECT 1, id, 'shopify', 'shop', 'shop-' || id || '.myshopify.com', sealed, $3, $4 FROM unnest($1::bigint[], $2::bytea[]) AS n (id, sealed)
            """,
            ids, ids.Select(id => Sealed(id, pair)).ToArray(), pair.ExpiresAt, pair.RefreshExpiresAt);
        return database;
    }

    private static TokenKeeper Keeper(TestDatabase database, TokenServer server, TimeProvider? time = null)
    {
        var clock = time ?? TimeProvider.System;
        var source = database.Worker;
        var services = new ServiceCollection();
        services.AddHttpClient();
        var options = new WorkerOptions
        {
            ShopifyBaseUrl = server.BaseUrlTemplate,
            ShopifyApp = new ShopifyApp(server.BaseUrlTemplate, "client", "secret"),
        };
        var suspension = new Suspension(source, new ChannelStore(source, clock), clock, NullLogger<Suspension>.Instance);
        return new TokenKeeper(
            new TokenStore(source, clock), Vault, services.BuildServiceProvider().GetRequiredService<IHttpClientFactory>(), suspension, options, clock,
            NullLogger<TokenKeeper>.Instance);
    }

    /// <summary>Asks as a link does that is being opened.</summary>
    private static async Task<string?> FreshAsync(TestDatabase database, TokenKeeper keeper, long shop)
    {
        var connection = new ConnectionId(shop);
        var stored = (await new TokenStore(database.Worker, TimeProvider.System).ReadAsync(Tenant, connection, Ct)).ShouldNotBeNull();
        return await keeper.FreshAsync(Tenant, connection, ChannelCredential.Parse(Vault.Open(Tenant, connection, stored.Sealed)), Ct);
    }
}
