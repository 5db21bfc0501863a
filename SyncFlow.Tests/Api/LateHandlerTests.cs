using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using SyncFlow.Api;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api;

public sealed class LateHandlerTests(PostgresFixture postgres, RedisFixture redis)
{
    [Fact]
    public async Task No_handler_is_compiled_before_it_is_needed_and_every_one_can_be()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var handlers = app.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .Select(e => e.Metadata.GetMetadata<LateHandlers.Late>()).OfType<LateHandlers.Late>().ToList();
        handlers.Count.ShouldBeGreaterThan(200);
        handlers.ShouldAllBe(h => !h.IsCompiled);
        handlers.ShouldAllBe(h => h.Compiled != null);
        handlers.ShouldAllBe(h => h.IsCompiled);
    }

    [Fact]
    public async Task Every_endpoint_of_ours_is_mapped_so()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/api/v1", StringComparison.Ordinal) && e.Metadata.GetMetadata<LateHandlers.Late>() is null)
            .Select(e => e.DisplayName).ShouldBeEmpty();
    }
}
