using System.Diagnostics.Metrics;
using StackExchange.Redis;

namespace SyncFlow.ServiceDefaults.Redis;

/// <summary>
/// Values kept in Redis for a while. They may be gone at any moment, and Redis with them: then there are none, and
/// nothing is kept. No caller waits for a Redis that does not answer, and none fails.
/// </summary>
public sealed class RedisValues(RedisConnection redis, TimeProvider time)
{
    private static readonly Meter Meter = new("SyncFlow.RedisValues");

    private static readonly Counter<long> Failures =
        Meter.CreateCounter<long>("syncflow.redis_values.failed", "{request}", "Requests for values that Redis did not answer in time");

    /// <summary>Longest that a caller waits for values: asking the database instead takes about as long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(150);

    /// <summary>How long Redis is left alone after it did not answer.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(2);

    private long _restsUntil = long.MinValue;

    /// <summary>The values under keys, in their order; null where there is none.</summary>
    /// <param name="keys">In a Redis Cluster all of one hash tag.</param>
    public async Task<byte[]?[]> GetAsync(IReadOnlyList<string> keys, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var none = new byte[]?[keys.Count];
        if (keys.Count == 0 || time.GetTimestamp() < Interlocked.Read(ref _restsUntil))
        {
            return none;
        }

        try
        {
            var multiplexer = await redis.GetAsync().WaitAsync(Patience, time, ct).ConfigureAwait(false);
            if (!multiplexer.IsConnected)
            {
                return none;
            }

            var values = await multiplexer.GetDatabase().StringGetAsync([.. keys.Select(k => (RedisKey)k)]).WaitAsync(Patience, time, ct).ConfigureAwait(false);
            return Array.ConvertAll(values, value => (byte[]?)value);
        }
        catch (Exception failure) when (failure is RedisException or TimeoutException or ObjectDisposedException)
        {
            Interlocked.Exchange(ref _restsUntil, time.GetTimestamp() + (long)(Rest.TotalSeconds * time.TimestampFrequency));
            Failures.Add(1);
            return none;
        }
    }

    /// <summary>Keeps values, without waiting until Redis has them.</summary>
    public async Task KeepAsync(IReadOnlyList<KeyValuePair<string, byte[]>> values, TimeSpan expiry)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Count == 0 || time.GetTimestamp() < Interlocked.Read(ref _restsUntil) || !redis.IsConnected)
        {
            return;
        }

        try
        {
            var database = (await redis.GetAsync().ConfigureAwait(false)).GetDatabase();
            foreach (var (key, value) in values)
            {
                await database.StringSetAsync(key, value, expiry, flags: CommandFlags.FireAndForget).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is RedisException or TimeoutException or ObjectDisposedException)
        {
            Failures.Add(1);
        }
    }
}
