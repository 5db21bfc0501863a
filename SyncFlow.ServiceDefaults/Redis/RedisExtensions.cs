using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using SyncFlow.ServiceDefaults.Health;

namespace SyncFlow.ServiceDefaults.Redis;

/// <summary>Redis: wake-ups, caches and live counters; never a fact.</summary>
public static class RedisExtensions
{
    /// <summary>Registers <see cref="RedisConnection"/>, <see cref="WakeUps"/> and the health check.</summary>
    public static TBuilder AddSyncFlowRedis<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.TryAddSingleton(Connect);
        builder.Services.TryAddSingleton<WakeUps>();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<RedisValues>();
        builder.Services.TryAddSingleton<RedisHealth>();
        builder.Services.AddCheckOnce<RedisHealth>("redis");
        return builder;
    }

    private static RedisConnection Connect(IServiceProvider services)
    {
        var configured = services.GetRequiredService<IConfiguration>().GetConnectionString(EnvironmentContract.RedisResource);
        return string.IsNullOrWhiteSpace(configured)
            ? throw new InvalidOperationException($"{EnvironmentContract.Redis} is not set. It is Redis's address, for example 127.0.0.1:6379.")
            : new RedisConnection(configured);
    }
}
