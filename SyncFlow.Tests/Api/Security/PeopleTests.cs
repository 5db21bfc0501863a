using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using SyncFlow.Storage.Identity;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.Security;

public sealed class PeopleTests(PostgresFixture postgres, RedisFixture redis)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Somebody_who_was_asked_in_comes_by_a_link_that_works_once_and_does_what_his_role_says()
    {
        await using var people = await People.StartAsync(postgres, redis);
        var id = await people.InviteAsync("ann@example.com", "supportAnalyst");
        using var ann = await people.ComeInAsync("ann@example.com");
        (await ann.GetAsync("/api/v1/stock", Ct)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await ann.PostAsJsonAsync("/api/v1/skus", new { code = "A" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        var me = JsonNode.Parse(await ann.GetStringAsync("/api/v1/me", Ct))!;
        ((string)me["name"]!).ShouldBe("ann@example.com");
        ((string)me["kind"]!).ShouldBe("member");
        ((string)(await people.App.GetAsync($"/api/v1/users/{id}"))["status"]!).ShouldBe("active");

        using var nobody = people.App.NewClient(null);
        (await nobody.PostAsJsonAsync("/api/v1/auth/sessions", new { token = people.LinkOf("ann@example.com") }, Ct))
            .StatusCode.ShouldBe(HttpStatusCode.Unauthorized, "the link was used");
    }

    [Fact]
    public async Task A_link_is_used_by_one_of_many_who_try_at_once_and_by_nobody_after_its_time()
    {
        await using var people = await People.StartAsync(postgres, redis);
        await people.InviteAsync("bob@example.com", "supportAnalyst");
        var token = people.LinkOf("bob@example.com");
        using var nobody = people.App.NewClient(null);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => nobody.PostAsJsonAsync("/api/v1/auth/sessions", new { token }, Ct)));
        answers.Count(answer => answer.StatusCode == HttpStatusCode.OK).ShouldBe(1);

        await people.InviteAsync("late@example.com", "supportAnalyst");
        await people.App.SqlAsync<long>("UPDATE sign_in_links SET expires_at = now() - interval '1 second' WHERE used_at IS NULL RETURNING tenant_id");
        (await nobody.PostAsJsonAsync("/api/v1/auth/sessions", new { token = people.LinkOf("late@example.com") }, Ct))
            .StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Asking_for_a_link_tells_nobody_whether_an_address_is_known_and_floods_no_mailbox()
    {
        await using var people = await People.StartAsync(postgres, redis);
        var eve = await people.InviteAsync("eve@example.com", "supportAnalyst");
        await people.InviteAsync("last@example.com", "supportAnalyst");
        using var nobody = people.App.NewClient(null);
        for (var i = 0; i < 5; i++)
        {
            (await nobody.PostAsJsonAsync("/api/v1/auth/links", new { email = "eve@example.com" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
            (await nobody.PostAsJsonAsync("/api/v1/auth/links", new { email = "nobody@example.com" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        }

        // Links are made in the order in which they are asked for: once this one is there, all others are.
        (await nobody.PostAsJsonAsync("/api/v1/auth/links", new { email = "last@example.com" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await Waits.UntilAsync(() => people.Mails == 5, "two invitations, two links and the last one");
        (await people.App.SqlAsync<long>("SELECT count(*) FROM sign_in_links WHERE member_id = $1", eve)).ShouldBe(3, "the invitation and two more");
    }

    [Fact]
    public async Task Asking_for_a_link_waits_for_no_mail_server_and_one_that_never_answers_holds_up_no_end()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var app = await ApiApp.StartAsync(
            await postgres.CreateDatabaseAsync(), await redis.ConfigurationAsync(),
            ApiApp.With(("Mail:SmtpHost", "127.0.0.1"), ("Mail:SmtpPort", $"{((IPEndPoint)silent.LocalEndpoint).Port}"), ("Mail:SmtpTls", "false")));
        var watch = Stopwatch.StartNew();
        await using (app)
        {
            await app.SqlAsync<long>(
                "INSERT INTO members (tenant_id, email, name, role, status, created_by, created_at) VALUES (1, 'eve@example.com', 'eve', 'SupportAnalyst', 2, 'test', now()) RETURNING tenant_id");
            using var nobody = app.NewClient(null);
            (await nobody.PostAsJsonAsync("/api/v1/auth/links", new { email = "eve@example.com" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
            using var asked = await silent.AcceptTcpClientAsync(Ct); // The mail is on its way, and nobody answers.
            (await nobody.PostAsJsonAsync("/api/v1/auth/links", new { email = "eve@example.com" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        }

        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(15), "a mail that is not taken is given up after 20 s");
    }

    [Theory]
    [InlineData("a@b.c\r\nBcc: all@example.com")]
    [InlineData("a@b.c, d@e.f")]
    [InlineData("Ann <a@b.c>")]
    [InlineData("")]
    public async Task An_address_that_would_add_headers_or_receivers_is_refused(string email)
    {
        await using var people = await People.StartAsync(postgres, redis);
        var (status, problem) = await people.App.PostAsync("/api/v1/users", new { email, name = "x", role = "supportAnalyst" });
        status.ShouldBe(HttpStatusCode.BadRequest);
        problem!["errors"]!.AsObject().ContainsKey("email").ShouldBeTrue();
        people.Mails.ShouldBe(0);
    }

    [Fact]
    public async Task A_browsers_session_needs_the_token_of_our_own_pages_for_whatever_changes_something()
    {
        await using var people = await People.StartAsync(postgres, redis);
        await people.InviteAsync("cat@example.com", "operationsManager");
        using var nobody = people.App.NewClient(null);
        using var opened = await nobody.PostAsJsonAsync("/api/v1/auth/sessions", new { token = people.LinkOf("cat@example.com") }, Ct);
        var cookie = opened.Headers.GetValues("Set-Cookie").Single();
        foreach (var part in new[] { "httponly", "secure", "samesite=strict", "path=/" })
        {
            cookie.ShouldContain(part, Case.Insensitive);
        }

        var session = JsonNode.Parse(await opened.Content.ReadAsStringAsync(Ct))!;
        session["token"].ShouldBeNull("no script sees the session");
        var csrf = (string)session["csrfToken"]!;
        (await SendAsync(people.App, cookie, HttpMethod.Get, "/api/v1/skus")).ShouldBe(HttpStatusCode.OK);
        (await SendAsync(people.App, cookie, HttpMethod.Post, "/api/v1/skus")).ShouldBe(HttpStatusCode.Forbidden);
        (await SendAsync(people.App, cookie, HttpMethod.Post, "/api/v1/skus", csrf[..^1] + "x")).ShouldBe(HttpStatusCode.Forbidden);
        (await SendAsync(people.App, cookie, HttpMethod.Post, "/api/v1/skus", csrf, "https://evil.example")).ShouldBe(HttpStatusCode.Forbidden);
        (await SendAsync(people.App, cookie, HttpMethod.Post, "/api/v1/skus", csrf)).ShouldBe(HttpStatusCode.Created);
        (await SendAsync(people.App, cookie, HttpMethod.Delete, "/api/v1/auth/sessions/current", csrf)).ShouldBe(HttpStatusCode.NoContent);
        await Waits.UntilAsync(
            async () => await SendAsync(people.App, cookie, HttpMethod.Get, "/api/v1/skus") == HttpStatusCode.Unauthorized, "the session to end", TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_changed_role_counts_in_open_sessions_and_the_last_admin_stays()
    {
        await using var people = await People.StartAsync(postgres, redis);
        var admin = await people.InviteAsync("root@example.com", "merchantAdmin");
        using var root = await people.ComeInAsync("root@example.com");
        (await root.PatchAsJsonAsync($"/api/v1/users/{admin}", new { role = "supportAnalyst" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await root.PatchAsJsonAsync($"/api/v1/users/{admin}", new { disabled = true }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Conflict);

        var second = await people.InviteAsync("dan@example.com", "merchantAdmin");
        using var dan = await people.ComeInAsync("dan@example.com");
        (await dan.GetAsync("/api/v1/api-keys", Ct)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await root.PatchAsJsonAsync($"/api/v1/users/{second}", new { role = "supportAnalyst" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await Waits.UntilAsync(
            async () => (await dan.GetAsync("/api/v1/api-keys", Ct)).StatusCode == HttpStatusCode.Forbidden, "the role to count", TimeSpan.FromSeconds(5));
        (await root.PatchAsJsonAsync($"/api/v1/users/{second}", new { disabled = true }, Ct)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await Waits.UntilAsync(
            async () => (await dan.GetAsync("/api/v1/stock", Ct)).StatusCode == HttpStatusCode.Unauthorized, "the session to end", TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Nobody_raises_himself_or_others_above_himself()
    {
        await using var people = await People.StartAsync(postgres, redis);
        await people.InviteAsync("ops@example.com", "operationsManager");
        using var ops = await people.ComeInAsync("ops@example.com");
        (await ops.PostAsJsonAsync("/api/v1/users", new { email = "x@example.com", name = "x", role = "merchantAdmin" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        // Also with a key that may manage people and little else.
        var (_, made) = await people.App.PostAsync("/api/v1/api-keys", new { name = "hr", scopes = new[] { "users:manage", "users:read", "read" } });
        using var hr = people.App.NewClient((string)made!["key"]!);
        (await hr.PostAsJsonAsync("/api/v1/users", new { email = "y@example.com", name = "y", role = "operationsManager" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        var admin = await people.InviteAsync("boss@example.com", "merchantAdmin");
        (await hr.PatchAsJsonAsync($"/api/v1/users/{admin}", new { disabled = true }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Forbidden, "nor lowers those above");
        (await people.App.PostAsync("/api/v1/users", new { email = "z@example.com", name = "z", role = "platformSuperAdmin" })).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Nobody_becomes_admin_by_coming_first_from_a_store_of_a_tenant_that_runs()
    {
        await using var people = await People.StartAsync(postgres, redis);
        var desk = people.App.Services.GetRequiredService<MemberDesk>();
        var first = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => desk.OfShopAsync(1, "a.myshopify.com/1", Ct)));
        first.Select(m => (m.Id, m.Role)).Distinct().ShouldHaveSingleItem().Role.ShouldBe("SupportAnalyst", "a key runs the tenant");
        await people.InviteAsync("owner@example.com", "merchantAdmin");
        (await desk.OfShopAsync(1, "a.myshopify.com/2", Ct)).Role.ShouldBe("SupportAnalyst", "its owner has not come yet");
    }

    private static async Task<HttpStatusCode> SendAsync(
        ApiApp app, string cookie, HttpMethod method, string path, string? csrf = null, string? origin = null)
    {
        using var client = app.NewClient(null);
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add("Cookie", cookie[..cookie.IndexOf(';')]);
        if (csrf is not null)
        {
            request.Headers.Add("X-CSRF-Token", csrf);
        }

        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        if (method == HttpMethod.Post)
        {
            request.Content = JsonContent.Create(new { code = "A" });
        }

        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }
}
