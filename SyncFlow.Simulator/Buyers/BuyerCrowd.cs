using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Buyers;

/// <summary>People who buy at all stores at once, and now and then change their minds.</summary>
public sealed class BuyerCrowd(World world, int seed) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private int _runs;
    private CancellationTokenSource? _stop;
    private Task _running = Task.CompletedTask;

    /// <summary>The settings in force; null while nobody buys.</summary>
    public BuyerSettings? Settings { get; private set; }

    /// <summary>Lets the crowd loose, in place of any before it.</summary>
    public async Task StartAsync(BuyerSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Problem() is var (field, reason))
        {
            throw new ArgumentException($"{field} {reason}", nameof(settings));
        }

        await StopAsync();
        lock (_gate)
        {
            Settings = settings;
            _stop?.Dispose();
            _stop = new CancellationTokenSource();
            var random = new Random(unchecked((seed * 31) + ++_runs));
            var token = _stop.Token;
            _running = Task.Run(() => new BuyerLoop(world, settings, random).RunAsync(token), token);
        }
    }

    /// <summary>Sends the crowd home; what was ordered stays ordered.</summary>
    public async Task StopAsync()
    {
        Task running;
        lock (_gate)
        {
            Settings = null;
            _stop?.Cancel();
            running = _running;
        }

        try
        {
            await running;
        }
        catch (OperationCanceledException)
        {
            // That is how the loop ends.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop?.Dispose();
        _stop = null;
    }
}
