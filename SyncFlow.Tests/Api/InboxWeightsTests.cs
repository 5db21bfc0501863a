using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Shouldly;
using SyncFlow.Api.Webhooks;
using SyncFlow.Core;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Inbox;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

/// <summary>The application as it is composed: turns at the edge go by the plan's weight.</summary>
public sealed class InboxWeightsTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Merchants_webhooks_that_wait_are_stored_in_turns_of_their_weights()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var _ = await app.OtherTenantAsync();
        var tenants = await app.SqlAsync<long[]>("SELECT array_agg(tenant_id ORDER BY tenant_id) FROM tenants");
        var (small, large) = (tenants[0], tenants[1]);
        await app.SqlAsync<long>(
            """
            INSERT INTO billing_standing (tenant_id, standing, plan, max_stores, included, allowed, since, checked_at, weight)
            VALUES ($1, 1, 'scale', 9, 9, 9, now(), now(), 3) RETURNING tenant_id
            """,
            large);
        await app.Services.GetRequiredService<TenantWeights>().RefreshAsync(Ct);
        var inbox = app.Services.GetRequiredService<GroupCommitInbox<InboxEvent>>();
        List<Task> stored = [];

        // While nothing can be written one statement waits with the first event, and all others wait behind it.
        await using (var database = NpgsqlDataSource.Create(app.Database))
        await using (var writer = await database.OpenConnectionAsync(Ct))
        await using (var hold = await writer.BeginTransactionAsync(Ct))
        {
            await using var locking = new NpgsqlCommand("LOCK TABLE inbox IN EXCLUSIVE MODE", writer, hold);
            await locking.ExecuteNonQueryAsync(Ct);
            stored.Add(inbox.StoreAsync(Event(small, 0)));
            await using var waiting = database.CreateCommand("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'inbox'::regclass");
            await Waits.UntilAsync(async () => (long)(await waiting.ExecuteScalarAsync(Ct))! == 1, "the first statement waits");
            stored.AddRange(Enumerable.Range(1, 4).Select(n => inbox.StoreAsync(Event(small, n))));
            stored.AddRange(Enumerable.Range(1, 6).Select(n => inbox.StoreAsync(Event(large, n))));
            await hold.RollbackAsync(Ct);
        }

        await Task.WhenAll(stored);
        (await app.SqlAsync<long[]>("SELECT array_agg(tenant_id ORDER BY event_id) FROM inbox"))
            .ShouldBe([small, small, large, large, large, small, large, large, large, small, small]);
    }

    private static InboxEvent Event(long tenant, int number) => new(
        new TenantId(tenant), null, "orders/create", string.Create(CultureInfo.InvariantCulture, $"w{number}"), null, Now, Now, null, "application/json",
        new byte[] { 1 });
}
