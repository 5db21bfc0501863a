using Shouldly;
using SyncFlow.AppHost.Local;
using SyncFlow.AppHost.Servers;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.AppHost;

public sealed class KeptRedisTests
{
    [Fact]
    public async Task A_Redis_that_dies_comes_back_under_its_address_and_is_counted()
    {
        var folder = TestServers.CreateFolder();
        try
        {
            await using var redis = await StartAsync(Path.Combine(folder.FullName, "redis.log"));
            var (first, address) = (redis.Server, redis.Configuration);
            redis.Restarts.ShouldBe(0);

            first.Kill();
            await Waits.UntilAsync(() => redis.Server != first, "another server");

            (redis.Restarts, redis.Server.Configuration).ShouldBe((1, address));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<KeptRedis> StartAsync(string log)
    {
        try
        {
            return await KeptRedis.StartAsync(log, TimeProvider.System, TestContext.Current.CancellationToken);
        }
        catch (ServerNotFoundException missing)
        {
            TestServers.RefuseOrSkip(missing.Message);
            throw;
        }
    }
}
