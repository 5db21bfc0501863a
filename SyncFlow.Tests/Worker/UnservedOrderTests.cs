using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Connections;
using Xunit;

namespace SyncFlow.Tests.Worker;

/// <summary>An order that the store's server fails on whenever it is asked for: a fault that looks like an outage.</summary>
public sealed class UnservedOrderTests(PostgresFixture postgres, RedisFixture redis)
{
    private const int Orders = 4;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Orders_that_are_asked_for_together_with_one_that_is_never_answered_are_read()
    {
        await using var world = await WorkerWorld.StartAsync(postgres, redis, skus: 1, stores: 1, worker: false);
        string? unserved = null;
        await world.StartWorkerAsync(services =>
        {
            services.AddSingleton(TimeProvider.System);
            services.AddHttpClient(ChannelLinks.HttpClientName).AddHttpMessageHandler(() => new Failing(() => unserved));
        });
        await world.GoLiveAsync();
        for (var n = 0; n < Orders; n++)
        {
            world.Place(world.A, 1, world.A.Variants[0].Sku);
        }

        await Waits.UntilAsync(async () => await world.CountAsync("SELECT count(*) FROM orders WHERE snapshot IS NOT NULL") == Orders, "the orders applied", Limit);
        await Waits.UntilAsync(async () => await world.CountAsync("SELECT count(*) FROM work_items WHERE state = 0") == 0, "nothing asked for", Limit);

        unserved = await world.Database.ScalarAsync<string>("SELECT max(order_ref) FROM orders");
        await world.Database.ExecuteAsync(
            """
            INSERT INTO work_items (tenant_id, connection_id, kind, ref, due_at, created_at, attempts)
            SELECT 1, 1, 1, order_ref, now(), now(), 2 FROM orders
            """);
        await Waits.UntilAsync(
            async () => await world.CountAsync("SELECT count(*) FROM work_items WHERE state = 0") == 1, "all others read", Limit);
        (await world.Database.ScalarAsync<string>("SELECT ref FROM work_items WHERE state = 0")).ShouldBe(unserved);
        (await world.CountAsync("SELECT count(*) FROM work_items WHERE state = 2")).ShouldBe(0, "an outage refuses nothing");
    }

    private sealed class Failing(Func<string?> order) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var asked = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
            return order() is { } unserved && asked.Contains($"/Order/{unserved}\"", StringComparison.Ordinal)
                ? new HttpResponseMessage(HttpStatusCode.OK)
                {
                    Content = new StringContent("""{"errors": [{"message": "server", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}"""),
                }
                : await base.SendAsync(request, cancellationToken);
        }
    }
}
