using System.Net.Sockets;
using Shouldly;
using SyncFlow.AppHost.Servers;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.AppHost;

public sealed class EmbeddedRedisTests
{
    [Fact]
    public async Task It_answers_on_loopback_until_it_is_stopped_and_comes_back_under_the_same_port()
    {
        var first = await RedisFixture.StartOwnAsync();
        (await CanConnectAsync(first)).ShouldBeTrue();
        await first.DisposeAsync();
        (await CanConnectAsync(first)).ShouldBeFalse();

        await using var second = await RedisFixture.StartOwnAsync(first.Port);
        second.Configuration.ShouldBe(first.Configuration);
        (await CanConnectAsync(second)).ShouldBeTrue();
    }

    [Fact]
    public async Task Two_at_once_take_two_ports()
    {
        await using var one = await RedisFixture.StartOwnAsync();
        await using var other = await RedisFixture.StartOwnAsync();
        one.Port.ShouldNotBe(other.Port);
    }

    private static async Task<bool> CanConnectAsync(EmbeddedRedis server)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", server.Port, TestContext.Current.CancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
