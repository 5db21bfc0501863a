using Microsoft.Extensions.Diagnostics.HealthChecks;
using SyncFlow.ServiceDefaults.Redis;

namespace SyncFlow.ServiceDefaults.Health;

/// <summary>Redis may be away and nothing is lost: the process stays ready, and says that it is slower.</summary>
internal sealed class RedisHealth(RedisConnection redis) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        return Task.FromResult(redis.IsConnected
            ? HealthCheckResult.Healthy("connected")
            : HealthCheckResult.Degraded("Redis is away: work is found by sweeps, up to a second later."));
    }
}
