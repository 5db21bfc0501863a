using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Storage.Connections;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.Security;

public sealed class StoreJoinTests(PostgresFixture postgres, RedisFixture redis)
{
    private const string Shop = "guest.myshopify.com";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_moves_when_both_sides_agreed_and_its_access_opens_only_in_its_new_place()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var guest = await app.OtherTenantAsync();
        await ConnectAsync(guest);
        var (code, id) = await InviteAsync(app);
        (await app.PostAsync($"/api/v1/store-invitations/{id}/confirm", new { })).Status.ShouldBe(HttpStatusCode.Conflict, "the store has not said yes");
        (await app.PostAsync("/api/v1/store-invitations/accept", new { code })).Status.ShouldBe(HttpStatusCode.NotFound, "the host cannot say yes for it");
        (await AcceptAsync(guest, code)).ShouldBe(HttpStatusCode.OK);
        (await AcceptAsync(guest, code)).ShouldBe(HttpStatusCode.NotFound, "a code works once");

        var (status, moved) = await app.PostAsync($"/api/v1/store-invitations/{id}/confirm", new { });
        status.ShouldBe(HttpStatusCode.OK, moved?.ToJsonString());
        ((string)moved!["shop"]!).ShouldBe(Shop);
        var connection = (long)moved["id"]!;
        var sealedNow = await app.SqlAsync<byte[]>("SELECT credential FROM connections WHERE tenant_id = 1 AND connection_id = $1", connection);
        var vault = app.Services.GetRequiredService<CredentialVault>();
        vault.Open(new TenantId(1), new ConnectionId(connection), sealedNow).ShouldContain("shpat_guest");
        (await app.SqlAsync<long>("SELECT count(*) FROM connections WHERE tenant_id = 2 AND status = 7 AND credential IS NULL")).ShouldBe(1);
        (await app.PostAsync($"/api/v1/store-invitations/{id}/confirm", new { })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await app.SqlAsync<long>("SELECT count(*) FROM audit_log WHERE tenant_id = 2 AND action = 'connections.update'")).ShouldBeGreaterThan(0, "both logs tell of it");
    }

    [Fact]
    public async Task A_wrong_code_a_strangers_store_and_a_withdrawn_invitation_move_nothing()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var guest = await app.OtherTenantAsync();
        var (code, id) = await InviteAsync(app);
        (await AcceptAsync(guest, code)).ShouldBe(HttpStatusCode.NotFound, "the shop is not the guest's");
        await ConnectAsync(guest);
        (await AcceptAsync(guest, code[..^2] + "xx")).ShouldBe(HttpStatusCode.NotFound);
        using var withdrawn = await app.Client.PostAsJsonAsync($"/api/v1/store-invitations/{id}/withdraw", new { }, Ct);
        withdrawn.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await AcceptAsync(guest, code)).ShouldBe(HttpStatusCode.NotFound);
        (await app.SqlAsync<long>("SELECT count(*) FROM connections WHERE tenant_id = 1")).ShouldBe(0);
    }

    [Fact]
    public async Task A_store_beyond_the_plan_does_not_come_in_by_joining()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var guest = await app.OtherTenantAsync();
        await ConnectAsync(guest);
        var (code, id) = await InviteAsync(app);
        (await AcceptAsync(guest, code)).ShouldBe(HttpStatusCode.OK);
        await app.SqlAsync<long>(
            """
            INSERT INTO billing_standing (tenant_id, standing, plan, max_stores, included, allowed, since, checked_at)
            VALUES (1, 2, 'starter', 0, 5000, 5000, now(), now()) RETURNING tenant_id
            """);
        (await app.PostAsync($"/api/v1/store-invitations/{id}/confirm", new { })).Status.ShouldBe(HttpStatusCode.PaymentRequired);
        (await app.SqlAsync<long>("SELECT count(*) FROM connections WHERE tenant_id = 1")).ShouldBe(0);
    }

    [Fact]
    public async Task A_store_that_is_in_service_in_its_own_account_stays_there()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var guest = await app.OtherTenantAsync();
        await ConnectAsync(guest);
        var (code, id) = await InviteAsync(app);
        (await AcceptAsync(guest, code)).ShouldBe(HttpStatusCode.OK);
        await app.SqlAsync<long>("UPDATE connections SET status = 3 WHERE tenant_id = 2 RETURNING connection_id");
        (await app.PostAsync($"/api/v1/store-invitations/{id}/confirm", new { })).Status.ShouldBe(HttpStatusCode.Conflict);
        (await app.SqlAsync<short>("SELECT status FROM connections WHERE tenant_id = 2")).ShouldBe((short)3);
    }

    private static async Task ConnectAsync(HttpClient guest)
    {
        using var connected = await guest.PostAsJsonAsync(
            "/api/v1/connections", new { kind = "shopify", name = "guest", shop = Shop, accessToken = "shpat_guest" }, Ct);
        connected.StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    private static async Task<(string Code, long Id)> InviteAsync(ApiApp app)
    {
        var (status, made) = await app.PostAsync("/api/v1/store-invitations", new { shop = Shop });
        status.ShouldBe(HttpStatusCode.Created);
        return ((string)made!["code"]!, (long)made["invitation"]!["id"]!);
    }

    private static async Task<HttpStatusCode> AcceptAsync(HttpClient guest, string code)
    {
        using var answer = await guest.PostAsJsonAsync("/api/v1/store-invitations/accept", new { code }, Ct);
        return answer.StatusCode;
    }
}
