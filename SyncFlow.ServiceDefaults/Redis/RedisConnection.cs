using StackExchange.Redis;

namespace SyncFlow.ServiceDefaults.Redis;

/// <summary>
/// The process's one connection to Redis. It is made when first asked for, in the background; a Redis that is away
/// never fails a start, and the connection comes back by itself when Redis does.
/// </summary>
/// <remarks>Written to the API that StackExchange.Redis 1.2.6 and the 2.x and 3.x versions share.</remarks>
public sealed class RedisConnection : IAsyncDisposable
{
    private const int ConnectMs = 2_000;

    private const int AnswerMs = 1_000;

    private const int KeepAliveSeconds = 5;

    private readonly Lazy<Task<ConnectionMultiplexer>> multiplexer;

    /// <param name="configuration">StackExchange.Redis configuration, for example <c>127.0.0.1:6379</c>.</param>
    /// <exception cref="ArgumentException">The configuration is not one.</exception>
    public RedisConnection(string configuration)
    {
        var options = ConfigurationOptions.Parse(configuration);
        if (options.EndPoints.Count == 0)
        {
            throw new ArgumentException("The Redis configuration names no server.", nameof(configuration));
        }

        options.AbortOnConnectFail = false;
        options.ConnectTimeout = ConnectMs;
        options.SyncTimeout = AnswerMs;
        options.KeepAlive = KeepAliveSeconds;
        multiplexer = new Lazy<Task<ConnectionMultiplexer>>(() => ConnectionMultiplexer.ConnectAsync(options));
    }

    /// <summary>Whether Redis can be reached now. False until the first use has connected.</summary>
    public bool IsConnected
    {
        get
        {
            var connecting = multiplexer.Value;
            return connecting.IsCompletedSuccessfully && connecting.Result.IsConnected;
        }
    }

    /// <summary>
    /// The multiplexer. It is returned also when Redis is away (after at most two seconds, the first time); commands on
    /// it then fail with <see cref="RedisConnectionException"/>.
    /// </summary>
    public Task<ConnectionMultiplexer> GetAsync() => multiplexer.Value;

    public async ValueTask DisposeAsync()
    {
        if (multiplexer.IsValueCreated)
        {
            var connected = await multiplexer.Value.ConfigureAwait(false);
            await connected.CloseAsync(allowCommandsToComplete: false).ConfigureAwait(false);
            connected.Dispose();
        }
    }
}
