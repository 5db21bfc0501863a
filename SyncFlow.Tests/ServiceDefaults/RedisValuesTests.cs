using System.Diagnostics;
using Shouldly;
using StackExchange.Redis;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.ServiceDefaults;

public sealed class RedisValuesTests(RedisFixture redis)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Values_are_found_in_the_order_of_their_keys()
    {
        await using var connection = new RedisConnection(await redis.ConfigurationAsync());
        await connection.GetAsync();
        var values = new RedisValues(connection, TimeProvider.System);
        var (one, two) = ($"{Guid.CreateVersion7(TimeProvider.System.GetUtcNow())}", $"{Guid.CreateVersion7(TimeProvider.System.GetUtcNow())}");
        await values.KeepAsync([new(one, [1]), new(two, [2, 2])], TimeSpan.FromMinutes(1));
        (await values.GetAsync([two, "nothing", one], Ct)).ShouldBe([[2, 2], null, [1]]);
    }

    [Fact]
    public async Task Without_Redis_there_are_no_values_and_nobody_fails_or_waits()
    {
        var gone = await RedisFixture.StartOwnAsync();
        await using var connection = new RedisConnection(gone.Configuration);
        var values = new RedisValues(connection, TimeProvider.System);
        await connection.GetAsync();
        await values.KeepAsync([new("a", [1])], TimeSpan.FromMinutes(1));
        (await values.GetAsync(["a"], Ct)).ShouldBe([[1]]);
        gone.Kill();
        await gone.DisposeAsync();

        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 50; i++)
        {
            (await values.GetAsync(["a"], Ct)).ShouldBe([null]);
            await values.KeepAsync([new("a", [1])], TimeSpan.FromMinutes(1));
        }

        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_Redis_that_does_not_answer_is_waited_for_once_and_then_left_alone_for_a_while()
    {
        await using var own = await RedisFixture.StartOwnAsync();
        await using var connection = new RedisConnection(own.Configuration);
        var values = new RedisValues(connection, TimeProvider.System);
        await connection.GetAsync();
        using var pausing = await ConnectionMultiplexer.ConnectAsync(own.Configuration + ",allowAdmin=true");
        await pausing.GetDatabase().ExecuteAsync("CLIENT", "PAUSE", "60000");

        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 50; i++)
        {
            (await values.GetAsync(["a"], Ct)).ShouldBe([null]);
        }

        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(2), "one wait of 150 ms, and not fifty");
    }
}
