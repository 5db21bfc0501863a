using System.Diagnostics.Metrics;
using System.Globalization;
using StackExchange.Redis;

namespace SyncFlow.ServiceDefaults.Redis;

/// <summary>
/// Tells other processes that there is something to do for a tenant. A wake-up only says <em>look</em>: it carries no
/// fact and may be lost, repeated or late, because every hearer also sweeps. So sending one never fails its caller.
/// </summary>
public sealed class WakeUps(RedisConnection redis)
{
    private static readonly Meter Meter = new("SyncFlow.WakeUps");

    private static readonly Counter<long> Failures =
        Meter.CreateCounter<long>("syncflow.wakeups.failed", "{wake-up}", "Wake-ups that Redis did not take");

    private const int Greetings = 100;

    private static readonly TimeSpan GreetingEvery = TimeSpan.FromMilliseconds(20);

    private static long greetings;

    private long failed;

    /// <summary>Wake-ups this process could not send since it started.</summary>
    public long Failed => Interlocked.Read(ref failed);

    /// <summary>Sends a wake-up without waiting for Redis to take it. A failure is counted, never thrown.</summary>
    public async Task PublishAsync(WakeUpKind kind, long tenantId)
    {
        try
        {
            var multiplexer = await redis.GetAsync().ConfigureAwait(false);
            if (!multiplexer.IsConnected)
            {
                CountFailure(kind);
                return;
            }

            var message = tenantId.ToString(CultureInfo.InvariantCulture);
            await multiplexer.GetSubscriber().PublishAsync(Channel(kind), message, CommandFlags.FireAndForget).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is RedisException or TimeoutException or ObjectDisposedException)
        {
            CountFailure(kind);
        }
    }

    /// <summary>
    /// Calls <paramref name="handler"/> with the tenant's id on every wake-up of a kind, for the life of the process;
    /// Redis may come and go meanwhile, and need not be there yet. Where it is there, all that is sent after the return is heard.
    /// </summary>
    /// <param name="kind">What to hear.</param>
    /// <param name="handler">Called on the connection's thread, in order: it must return at once and not throw.</param>
    public async Task SubscribeAsync(WakeUpKind kind, Action<long> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        var multiplexer = await redis.GetAsync().ConfigureAwait(false);
        var subscriber = multiplexer.GetSubscriber();
        var greeting = string.Create(CultureInfo.InvariantCulture, $"hello {Interlocked.Increment(ref greetings)} of {Environment.ProcessId}");
        var greeted = new TaskCompletionSource();
        await subscriber.SubscribeAsync(Channel(kind), (_, message) =>
        {
            if (long.TryParse((string?)message, NumberStyles.None, CultureInfo.InvariantCulture, out var tenantId))
            {
                handler(tenantId);
            }
            else if (message == greeting)
            {
                greeted.TrySetResult();
            }
        }).ConfigureAwait(false);
        await GreetAsync(subscriber, Channel(kind), greeting, greeted.Task).ConfigureAwait(false);
    }

    /// <summary>
    /// Waits until the channel hears its own greeting: the connection that hears comes up beside the one that sends, and
    /// the library's answer to a subscription does not tell which of them was first. A Redis that is away hears none;
    /// then the subscription stands as soon as it is back.
    /// </summary>
    private static async Task GreetAsync(ISubscriber subscriber, RedisChannel channel, string greeting, Task greeted)
    {
        try
        {
            for (var attempt = 0; attempt < Greetings && !greeted.IsCompleted; attempt++)
            {
                await subscriber.PublishAsync(channel, greeting).ConfigureAwait(false);
                await Task.WhenAny(greeted, Task.Delay(GreetingEvery)).ConfigureAwait(false);
            }
        }
        catch (Exception away) when (away is RedisException or TimeoutException or ObjectDisposedException)
        {
            // Nothing is lost but a wake-up: every loop looks for itself as well.
        }
    }

    private void CountFailure(WakeUpKind kind)
    {
        Interlocked.Increment(ref failed);
        Failures.Add(1, new KeyValuePair<string, object?>("kind", kind.ToString()));
    }

    private static RedisChannel Channel(WakeUpKind kind)
    {
        var name = kind switch
        {
            WakeUpKind.Inbox => "syncflow:wake:inbox",
            WakeUpKind.Levels => "syncflow:wake:levels",
            WakeUpKind.Runs => "syncflow:wake:runs",
            WakeUpKind.Changes => "syncflow:wake:changes",
        };
        return new RedisChannel(name, RedisChannel.PatternMode.Literal);
    }
}
