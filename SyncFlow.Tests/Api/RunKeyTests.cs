using System.Net;
using Npgsql;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Work;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>A run is found by the key it was begun with: the same run, for as long as keys are known, and nothing else by it.</summary>
public sealed class RunKeyTests(PostgresFixture postgres, RedisFixture redis)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_that_was_forgotten_begins_a_run_of_its_own()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var first = await BeginAsync(app, "/api/v1/billing/refresh", new { });
        await AgeAsync(app, days: 6);
        (await app.SqlAsync<int>("SELECT purge_step('idempotency_keys', 100)")).ShouldBe(0);
        (await BeginAsync(app, "/api/v1/billing/refresh", new { })).ShouldBe(first, "the answer is kept");

        await AgeAsync(app, days: 2);
        (await app.SqlAsync<int>("SELECT purge_step('idempotency_keys', 100)")).ShouldBe(1);
        var second = await BeginAsync(app, "/api/v1/billing/cancel", new { });
        second.ShouldNotBe(first);
        (await app.SqlAsync<string>("SELECT string_agg(kind, ' ' ORDER BY run_id) FROM sync_runs")).ShouldBe("billing-refresh billing-cancel");
    }

    [Fact]
    public async Task A_request_whose_answer_was_lost_finds_its_run_and_another_one_is_told_that_it_was_not_done()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        var verify = new { kind = "verify", connectionId = connection };
        var first = await BeginAsync(app, "/api/v1/sync-runs", verify);
        await LoseAnswerAsync(app);
        (await BeginAsync(app, "/api/v1/sync-runs", verify)).ShouldBe(first);

        foreach (var (path, body) in new (string, object)[]
        {
            ("/api/v1/billing/cancel", new { }), // another kind
            ("/api/v1/sync-runs", new { kind = "verify" }), // without the connection
            ($"/api/v1/connections/{connection}/baseline", new { openingStock = true }),
        })
        {
            await LoseAnswerAsync(app);
            var (status, problem) = await app.PostAsync(path, body, "k");
            (status, (string)problem!["type"]!).ShouldBe(((HttpStatusCode)422, "https://syncflow.dev/problems/idempotency-key-reused"), path);
        }

        (await app.SqlAsync<long>("SELECT count(*) FROM sync_runs WHERE request_key = 'k'")).ShouldBe(1);
        await LoseAnswerAsync(app);
        (await app.SqlAsync<string>("""UPDATE sync_runs SET parameters = '{"skuId": 5}' WHERE request_key = 'k' RETURNING kind""")).ShouldBe("verify");
        (await app.PostAsync("/api/v1/sync-runs", verify, "k")).Status.ShouldBe((HttpStatusCode)422, "of another SKU");
    }

    [Fact]
    public async Task No_caller_takes_the_name_of_a_night()
    {
        const string night = "nightly reconcile of 1 on 2026-01-02";
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var connection = await app.ConnectAsync();
        (await app.PostAsync("/api/v1/sync-runs", new { kind = "verify" }, night)).Status.ShouldBe(HttpStatusCode.Accepted);
        await using var worker = NpgsqlDataSource.Create(PostgresExtensions.ForRole(app.Database, PostgresRole.Worker));
        var store = new RunStore(worker, TimeProvider.System);
        foreach (var queued in new[] { true, false })
        {
            await using var session = await StorageSession.OpenAsync(worker, new TenantId(1), Ct);
            (await store.CreateOnceAsync(session, "reconcile", new ConnectionId(connection), night, Ct)).ShouldBe(queued, "once");
            await session.CommitAsync(Ct);
        }
    }

    private static async Task<long> BeginAsync(ApiApp app, string path, object body)
    {
        var (status, answer) = await app.PostAsync(path, body, "k");
        status.ShouldBe(HttpStatusCode.Accepted, answer?.ToJsonString());
        return (long)answer!["runId"]!;
    }

    /// <summary>As after a failure between the work and its answer.</summary>
    private static Task<long> LoseAnswerAsync(ApiApp app) =>
        app.SqlAsync<long>("WITH gone AS (DELETE FROM idempotency_keys RETURNING 1) SELECT count(*) FROM gone");

    private static Task<long> AgeAsync(ApiApp app, int days) => app.SqlAsync<long>(
        """
        WITH keys AS (UPDATE idempotency_keys SET created_at = created_at - make_interval(days => $1)),
          runs AS (UPDATE sync_runs SET created_at = created_at - make_interval(days => $1) RETURNING 1)
        SELECT count(*) FROM runs
        """,
        days);
}
