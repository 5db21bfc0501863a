using System.Collections.Concurrent;
using Shouldly;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.ServiceDefaults;

public sealed class WakeUpsTests(RedisFixture redis)
{
    [Fact]
    public async Task A_wake_up_reaches_the_hearers_of_its_kind_alone()
    {
        await using var connection = new RedisConnection(await redis.ConfigurationAsync());
        var wakeUps = new WakeUps(connection);
        var inbox = new ConcurrentQueue<long>();
        var levels = new ConcurrentQueue<long>();
        await wakeUps.SubscribeAsync(WakeUpKind.Inbox, inbox.Enqueue);
        await wakeUps.SubscribeAsync(WakeUpKind.Levels, levels.Enqueue);

        await wakeUps.PublishAsync(WakeUpKind.Inbox, 7);
        await wakeUps.PublishAsync(WakeUpKind.Levels, 8);

        await Waits.UntilAsync(() => !inbox.IsEmpty && !levels.IsEmpty, "both wake-ups");
        inbox.ShouldBe([7]);
        levels.ShouldBe([8]);
        wakeUps.Failed.ShouldBe(0);
    }

    [Fact]
    public async Task Hearers_and_senders_outlive_a_restart_of_Redis()
    {
        var first = await RedisFixture.StartOwnAsync();
        await using var connection = new RedisConnection(first.Configuration);
        var wakeUps = new WakeUps(connection);
        var heard = new ConcurrentQueue<long>();
        await wakeUps.SubscribeAsync(WakeUpKind.Inbox, heard.Enqueue);
        await wakeUps.PublishAsync(WakeUpKind.Inbox, 1);
        await Waits.UntilAsync(() => heard.Contains(1), "the first wake-up");

        first.Kill();
        await first.DisposeAsync();
        await Waits.UntilAsync(() => !connection.IsConnected, "the loss to be noticed");
        await wakeUps.PublishAsync(WakeUpKind.Inbox, 2);
        wakeUps.Failed.ShouldBe(1);

        await using var second = await RedisFixture.StartOwnAsync(first.Port);
        await SendUntilHeardAsync(wakeUps, heard, tenantId: 3);
    }

    [Fact]
    public async Task A_Redis_that_comes_later_than_its_users_is_found()
    {
        var gone = await RedisFixture.StartOwnAsync();
        await gone.DisposeAsync();
        await using var connection = new RedisConnection(gone.Configuration);
        var wakeUps = new WakeUps(connection);
        var heard = new ConcurrentQueue<long>();
        await wakeUps.SubscribeAsync(WakeUpKind.Inbox, heard.Enqueue);
        await wakeUps.PublishAsync(WakeUpKind.Inbox, 1);
        wakeUps.Failed.ShouldBe(1);
        connection.IsConnected.ShouldBeFalse();

        await using var late = await RedisFixture.StartOwnAsync(gone.Port);
        await SendUntilHeardAsync(wakeUps, heard, tenantId: 2);
    }

    [Fact]
    public void A_configuration_without_a_server_is_refused()
    {
        Should.Throw<ArgumentException>(() => new RedisConnection("abortConnect=false"));
    }

    private static Task SendUntilHeardAsync(WakeUps wakeUps, ConcurrentQueue<long> heard, long tenantId)
    {
        return Waits.UntilAsync(
            async () =>
            {
                await wakeUps.PublishAsync(WakeUpKind.Inbox, tenantId);
                return heard.Contains(tenantId);
            },
            "a wake-up to be heard again");
    }
}
