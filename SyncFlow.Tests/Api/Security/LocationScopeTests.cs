using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.Security;

/// <summary>A warehouse manager works at his locations and at no other.</summary>
public sealed class LocationScopeTests(PostgresFixture postgres, RedisFixture redis)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Operations_and_counts_are_refused_item_by_item_at_other_locations()
    {
        await using var people = await OpenAsync();
        using var manager = await ManagerAsync(people);
        var items = new[] { Receipt("here", "HERE"), Receipt("there", "THERE") };
        var answer = await PostAsync(manager, "/stock-operations", new { items });
        answer.Status.ShouldBe(HttpStatusCode.OK);
        answer.Body!["items"]!.AsArray().Select(i => (string)i!["outcome"]!).ShouldBe(["accepted", "refused"]);
        (await PostAsync(manager, "/counts", new { items = new[] { new { key = "c", sku = "A", location = "THERE", counted = 1 } } })).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await PostAsync(manager, "/stock-movements", new { sku = "A", location = "THERE", kind = "receipt", units = 1, reason = "x", key = "m" })).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await people.App.SqlAsync<long>("SELECT count(*) FROM stock_operations")).ShouldBe(1);
    }

    [Fact]
    public async Task Sheets_transfers_and_operations_of_other_locations_are_not_there_for_him()
    {
        await using var people = await OpenAsync();
        using var manager = await ManagerAsync(people);
        var sheet = await DoAsync(people, "/count-sheets", new { name = "s", location = "THERE", skus = new[] { "A" } });
        var transfer = await DoAsync(people, "/transfers", new { reference = "t", from = "THERE", to = "FAR", lines = new[] { new { sku = "A", units = 1 } } });
        await DoAsync(people, "/stock-operations", new { items = new[] { Receipt("theirs", "THERE") } });
        var id = (long)transfer["transfer"]!["id"]!;
        foreach (var path in new[] { $"/count-sheets/{sheet["id"]}", $"/count-sheets/{sheet["id"]}/lines", $"/transfers/{id}" })
        {
            (await manager.GetAsync("/api/v1" + path, Ct)).StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
        }

        (await PostAsync(manager, $"/count-sheets/{sheet["id"]}/cancel", new { })).Status.ShouldBe(HttpStatusCode.NotFound);
        (await PostAsync(manager, $"/transfers/{id}/dispatch", new { })).Status.ShouldBe(HttpStatusCode.NotFound);
        foreach (var list in new[] { "/count-sheets", "/transfers", "/stock-operations" })
        {
            JsonNode.Parse(await manager.GetStringAsync("/api/v1" + list, Ct))!["items"]!.AsArray().ShouldBeEmpty(list);
        }

        (await PostAsync(manager, "/count-sheets", new { name = "mine", location = "THERE", skus = new[] { "A" } })).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await PostAsync(manager, "/transfers", new { reference = "u", from = "THERE", to = "FAR", lines = new[] { new { sku = "A", units = 1 } } })).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_transfer_is_sent_by_who_works_at_its_origin_and_received_by_who_works_at_its_end()
    {
        await using var people = await OpenAsync();
        using var manager = await ManagerAsync(people);
        var lines = new[] { new { sku = "A", units = 1 } };
        var coming = (long)(await DoAsync(people, "/transfers", new { reference = "in", from = "THERE", to = "HERE", lines }))["transfer"]!["id"]!;
        (await PostAsync(manager, $"/transfers/{coming}/dispatch", new { })).Status.ShouldBe(HttpStatusCode.Forbidden, "it leaves from elsewhere");
        await DoAsync(people, $"/transfers/{coming}/dispatch", new { });
        (await PostAsync(manager, $"/transfers/{coming}/receive", new { lines })).Status.ShouldBe(HttpStatusCode.OK);

        var going = (long)(await PostAsync(manager, "/transfers", new { reference = "out", from = "HERE", to = "THERE", lines })).Body!["transfer"]!["id"]!;
        (await PostAsync(manager, $"/transfers/{going}/dispatch", new { })).Status.ShouldBe(HttpStatusCode.OK);
        (await PostAsync(manager, $"/transfers/{going}/receive", new { lines })).Status.ShouldBe(HttpStatusCode.Forbidden, "it arrives elsewhere");
    }

    [Fact]
    public async Task A_key_can_be_held_to_locations_too()
    {
        await using var people = await OpenAsync();
        var here = await people.App.SqlAsync<long>("SELECT location_id FROM locations WHERE code = 'HERE'");
        var (_, made) = await people.App.PostAsync("/api/v1/api-keys", new { name = "3PL", scopes = new[] { "stock:write", "stock:read" }, locationIds = new[] { here } });
        using var key = people.App.NewClient((string)made!["key"]!);
        (await PostAsync(key, "/stock-operations", new { items = new[] { Receipt("k", "HERE") } })).Status.ShouldBe(HttpStatusCode.OK);
        (await PostAsync(key, "/stock-operations", new { items = new[] { Receipt("l", "THERE") } })).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Who_is_held_to_locations_frees_neither_himself_nor_others_by_a_key()
    {
        await using var people = await OpenAsync();
        var (here, there) = (await PlaceAsync(people, "HERE"), await PlaceAsync(people, "THERE"));
        using var held = await HeldAsync(people, here);
        foreach (var locationIds in new long[]?[] { null, [there], [here, there] })
        {
            (await PostAsync(held, "/api-keys", new { name = "free", scopes = new[] { "stock:write" }, locationIds })).Status.ShouldBe(HttpStatusCode.Forbidden);
        }

        (await PostAsync(held, "/api-keys", new { name = "mine", scopes = new[] { "stock:write" }, locationIds = new[] { here } })).Status.ShouldBe(HttpStatusCode.Created);
        (await people.App.SqlAsync<long>("SELECT count(*) FROM api_keys WHERE name = 'free'")).ShouldBe(0);

        var free = (long)(await DoAsync(people, "/api-keys", new { name = "till", scopes = new[] { "stock:write" } }))["apiKey"]!["id"]!;
        (await PostAsync(held, $"/api-keys/{free}/rotate", new { })).Status.ShouldBe(HttpStatusCode.Forbidden, "the new one would be shown to him");
        var elsewhere = (long)(await DoAsync(people, "/api-keys", new { name = "3PL", scopes = new[] { "stock:write" }, locationIds = new[] { there } }))["apiKey"]!["id"]!;
        (await PostAsync(held, $"/api-keys/{elsewhere}/rotate", new { })).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await people.App.SqlAsync<long>("SELECT count(*) FROM api_keys WHERE rotated_to IS NOT NULL")).ShouldBe(0);
    }

    [Fact]
    public async Task Nobody_takes_a_key_back_that_he_could_not_give_but_everybody_his_own()
    {
        await using var people = await OpenAsync();
        var (here, there) = (await PlaceAsync(people, "HERE"), await PlaceAsync(people, "THERE"));
        using var held = await HeldAsync(people, here);
        var free = await MadeAsync(["stock:write"], null);
        foreach (var id in new[] { free, await MadeAsync(["stock:write"], [there]) })
        {
            (await PostAsync(held, $"/api-keys/{id}/revoke", new { })).Status.ShouldBe(HttpStatusCode.Forbidden);
        }

        // Keys and nothing else: he may take himself back, and no key that may do more.
        using var clerk = people.App.NewClient((string)(await DoAsync(people, "/api-keys", new { name = "clerk", scopes = new[] { "keys:manage" } }))["key"]!);
        (await PostAsync(clerk, $"/api-keys/{free}/revoke", new { })).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await people.App.SqlAsync<long>("SELECT count(*) FROM api_keys WHERE revoked_at IS NOT NULL")).ShouldBe(0);

        (await PostAsync(held, $"/api-keys/{await MadeAsync(["stock:write"], [here])}/revoke", new { })).Status.ShouldBe(HttpStatusCode.OK);
        var own = await people.App.SqlAsync<long>("SELECT api_key_id FROM api_keys WHERE name = 'held'");
        (await PostAsync(held, $"/api-keys/{own}/revoke", new { })).Status.ShouldBe(HttpStatusCode.OK);
        await Waits.UntilAsync(
            async () => (await PostAsync(held, $"/api-keys/{own}/revoke", new { })).Status == HttpStatusCode.Unauthorized, "it is told that the key is none any more");

        async Task<long> MadeAsync(string[] scopes, long[]? locationIds) =>
            (long)(await DoAsync(people, "/api-keys", new { name = "other", scopes, locationIds }))["apiKey"]!["id"]!;
    }

    [Fact]
    public async Task What_one_caller_was_refused_is_not_what_another_is_told_under_the_same_key()
    {
        await using var people = await OpenAsync();
        using var held = await HeldAsync(people, await PlaceAsync(people, "HERE"));
        await DoAsync(people, "/counts", new { items = new[] { new { key = "c", sku = "A", location = "THERE", counted = 4 } } });
        const string aside = "/api/v1/stock/A/set-aside";
        var body = new { location = "THERE", units = 1 };
        (await PutAsync(held, body, "\"v7\"")).ShouldBe((HttpStatusCode.Forbidden, false));
        (await PutAsync(people.App.Client, body, null)).ShouldBe(((HttpStatusCode)428, false), "the key is free again");
        (await PutAsync(people.App.Client, body, "\"v7\"")).Status.ShouldBe(HttpStatusCode.PreconditionFailed, "he may, and is told how it stands");
        (await PutAsync(people.App.Client, body, "\"v7\"")).ShouldBe((HttpStatusCode.PreconditionFailed, true), "that is kept");
        (await PutAsync(held, body, "\"v7\"")).ShouldBe(((HttpStatusCode)422, false), "another's answer is not for who is held to locations");

        async Task<(HttpStatusCode Status, bool Replayed)> PutAsync(HttpClient client, object what, string? tag)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, aside) { Content = JsonContent.Create(what) };
            request.Headers.Add("Idempotency-Key", "k");
            if (tag is not null)
            {
                request.Headers.Add("If-Match", tag);
            }

            using var answer = await client.SendAsync(request, Ct);
            return (answer.StatusCode, answer.Headers.Contains("Idempotency-Replayed"));
        }
    }

    [Fact]
    public async Task Who_is_held_to_locations_gives_people_no_others_and_takes_none()
    {
        await using var people = await OpenAsync();
        var (here, there) = (await PlaceAsync(people, "HERE"), await PlaceAsync(people, "THERE"));
        using var held = await HeldAsync(people, here);
        object Asked(string role, params long[]? locationIds) => new { email = "x@example.com", name = "x", role, locationIds };
        (await PostAsync(held, "/users", Asked("merchantAdmin", null))).Status.ShouldBe(HttpStatusCode.Forbidden, "an admin is held to no place");
        (await PostAsync(held, "/users", Asked("warehouseManager", there))).Status.ShouldBe(HttpStatusCode.Forbidden);
        var own = (long)(await PostAsync(held, "/users", Asked("warehouseManager", here))).Body!["id"]!;
        (await PatchAsync(held, own, new { role = "operationsManager" })).ShouldBe(HttpStatusCode.Forbidden);
        (await PatchAsync(held, own, new { locationIds = new[] { here, there } })).ShouldBe(HttpStatusCode.Forbidden);
        (await PatchAsync(held, own, new { name = "y" })).ShouldBe(HttpStatusCode.OK);
        var other = await people.InviteAsync("wm2@example.com", "warehouseManager", [there]);
        (await PatchAsync(held, other, new { disabled = true })).ShouldBe(HttpStatusCode.Forbidden, "he works elsewhere");
        (await PatchAsync(held, other, new { locationIds = new[] { here } })).ShouldBe(HttpStatusCode.Forbidden, "that would take his place away");
    }

    private static async Task<HttpClient> HeldAsync(People people, long location) => people.App.NewClient(
        (string)(await DoAsync(people, "/api-keys", new { name = "held", scopes = new[] { "*" }, locationIds = new[] { location } }))["key"]!);

    private static Task<long> PlaceAsync(People people, string code) =>
        people.App.SqlAsync<long>("SELECT location_id FROM locations WHERE code = $1", code);

    private static async Task<HttpStatusCode> PatchAsync(HttpClient client, long user, object body)
    {
        using var answer = await client.PatchAsJsonAsync($"/api/v1/users/{user}", body, Ct);
        return answer.StatusCode;
    }

    private static object Receipt(string key, string location) => new { key, kind = "receipt", sku = "A", location, units = 3 };

    private static async Task<HttpClient> ManagerAsync(People people)
    {
        var here = await people.App.SqlAsync<long>("SELECT location_id FROM locations WHERE code = 'HERE'");
        await people.InviteAsync("wm@example.com", "warehouseManager", [here]);
        return await people.ComeInAsync("wm@example.com");
    }

    private static async Task<JsonNode> DoAsync(People people, string path, object body)
    {
        var (status, answer) = await people.App.PostAsync("/api/v1" + path, body);
        ((int)status).ShouldBeLessThan(300, answer?.ToJsonString());
        return answer!;
    }

    private static async Task<(HttpStatusCode Status, JsonNode? Body)> PostAsync(HttpClient client, string path, object body)
    {
        using var answer = await client.PostAsJsonAsync("/api/v1" + path, body, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        return (answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    private async Task<People> OpenAsync()
    {
        var people = await People.StartAsync(postgres, redis);
        foreach (var code in new[] { "HERE", "THERE", "FAR" })
        {
            await DoAsync(people, "/locations", new { code, name = code });
        }

        await DoAsync(people, "/skus", new { code = "A" });
        return people;
    }
}
