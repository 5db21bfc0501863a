using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Shouldly;
using SyncFlow.Storage.Brakes;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>A call for a location is done whole or not at all, and only on what its caller read.</summary>
public sealed class LocationChangeTests(PostgresFixture postgres, RedisFixture redis)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_two_calls_on_the_same_reading_one_is_done_whole_and_nothing_of_the_other()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 1);
        var path = PathOf(shop);
        var (_, tag) = await shop.GetAsync(path);
        await using var busy = await HoldChangesAsync(shop);
        var calls = new[]
        {
            shop.SendAsync(HttpMethod.Patch, path, new { name = "Two", poolGroup = 2 }, tag),
            shop.SendAsync(HttpMethod.Patch, path, new { name = "Three", poolGroup = 3 }, tag),
        };
        await WaitingAsync(shop, 2);
        (await StandsAsync(shop)).ShouldBe("Main/1", "a name is not set before the rest of its call");
        await busy.DisposeAsync();

        var answers = await Task.WhenAll(calls);
        answers.Select(a => a.Status).ShouldBe([HttpStatusCode.OK, HttpStatusCode.PreconditionFailed], ignoreOrder: true);
        (await StandsAsync(shop)).ShouldBe(answers[0].Status == HttpStatusCode.OK ? "Two/2" : "Three/3");
    }

    [Fact]
    public async Task A_name_that_somebody_else_set_while_the_call_waited_counts_as_a_change()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 1);
        var path = PathOf(shop);
        var (_, tag) = await shop.GetAsync(path);
        await using var busy = await HoldChangesAsync(shop);
        var call = shop.SendAsync(HttpMethod.Patch, path, new { poolGroup = 2 }, tag);
        await WaitingAsync(shop, 1);
        (await shop.SendAsync(HttpMethod.Patch, path, new { name = "Meanwhile" }, tag)).Status.ShouldBe(HttpStatusCode.OK, "a name waits for no change");
        await busy.DisposeAsync();
        (await call).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await StandsAsync(shop)).ShouldBe("Meanwhile/1");
    }

    [Fact]
    public async Task What_stands_already_does_not_keep_what_is_beside_it_from_being_set()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 1);
        var path = PathOf(shop);
        var (_, tag) = await shop.GetAsync(path);
        var (status, now) = await shop.SendAsync(HttpMethod.Patch, path, new { name = "New", poolGroup = 1 }, tag);
        (status, (string)now!["name"]!).ShouldBe((HttpStatusCode.OK, "New"));
        (await shop.SendAsync(HttpMethod.Patch, path, new { name = "Newer", poolGroup = 1 }, tag)).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM sync_runs")).ShouldBe(0);
        (await shop.GetAsync(path)).Tag.ShouldNotBe(tag);
    }

    /// <summary>It takes that many SKUs to see it.</summary>
    [Fact]
    public async Task A_run_that_changes_a_location_goes_by_what_its_caller_made_of_what_he_read()
    {
        await using var shop = await ChangeShop.StartAsync(postgres, redis, skus: 1);
        await shop.Database.ExecuteAsync(
            "INSERT INTO skus (tenant_id, code, code_key, title) SELECT $1, 'W' || n, 'W' || n, '' FROM generate_series(1, $2) n",
            shop.Merchant.Tenant.Value, RuleDesk.MostAtOnce);
        await shop.Database.ExecuteAsync(
            "INSERT INTO positions (tenant_id, sku_id, location_id, on_hand, opened) SELECT tenant_id, sku_id, $1, 10, true FROM skus WHERE code LIKE 'W%'",
            shop.Merchant.Location.Value);
        await shop.Database.ExecuteAsync(
            """
            WITH made AS (
              INSERT INTO listings (tenant_id, connection_id, variant_ref, item_ref, sku_id, created_at)
              SELECT tenant_id, $1, code, code, sku_id, now() FROM skus WHERE code LIKE 'W%' RETURNING *)
            INSERT INTO listing_levels (tenant_id, listing_id, connection_id, sku_id, location_id, external_location_id, item_ref, status, belief, target)
            SELECT tenant_id, listing_id, connection_id, sku_id, $2, 'w', item_ref, 3, 10, 10 FROM made
            """,
            shop.Merchant.Connections[0].Value, shop.Merchant.Location.Value);
        var path = PathOf(shop);
        var (_, tag) = await shop.GetAsync(path);
        var (status, begun) = await shop.SendAsync(HttpMethod.Patch, path, new { name = "New", poolGroup = 2 }, tag);
        (status, begun!["runId"] is not null).ShouldBe((HttpStatusCode.Accepted, true), begun.ToJsonString());
        (await StandsAsync(shop)).ShouldBe("New/1", "the group is set by the run");
        (await shop.SendAsync(HttpMethod.Patch, path, new { name = "Newer", poolGroup = 3 }, tag)).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await shop.Database.ScalarAsync<long>("SELECT count(*) FROM sync_runs")).ShouldBe(1);

        var run = RuleRun.Read(await shop.Database.ScalarAsync<string>("SELECT parameters::text FROM sync_runs"));
        var desk = shop.App.Services.GetRequiredService<RuleDesk>();
        (await desk.BeginAsync(shop.Merchant.Tenant, run.Rule(), run.Expected, previewOnly: false, Ct)).Answer.ShouldBeNull("nobody else changed it");
        (await shop.SendAsync(HttpMethod.Patch, path, new { inspectReturns = true })).Status.ShouldBe(HttpStatusCode.OK);
        (await desk.SetAsync(shop.Merchant.Tenant, run.Rule(), run.Expected, "run", "who", _ => Task.CompletedTask, Ct)).Outcome.ShouldBe(RuleOutcome.Stale);
        (await StandsAsync(shop)).ShouldBe("New/1");
    }

    private static string PathOf(ChangeShop shop) => $"/api/v1/locations/{shop.Merchant.Location.Value}";

    private static Task<string> StandsAsync(ChangeShop shop) => shop.Database.ScalarAsync<string>("SELECT name || '/' || pool_group FROM locations");

    /// <summary>As somebody who makes another change: until he is done, calls wait behind him.</summary>
    private static async Task<NpgsqlConnection> HoldChangesAsync(ChangeShop shop)
    {
        var connection = new NpgsqlConnection(shop.Database.ConnectionString + ";Pooling=false"); // So that closing it lets the lock go.
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand("SELECT pg_advisory_lock(hashtextextended('changes:' || $1, 0))", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = shop.Merchant.Tenant.Value });
        await command.ExecuteNonQueryAsync(Ct);
        return connection;
    }

    private static Task WaitingAsync(ChangeShop shop, int calls) => Waits.UntilAsync(
        async () => await shop.Database.ScalarAsync<long>(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())") == calls,
        $"{calls} calls that wait");
}
