using System.Collections.Concurrent;
using SyncFlow.Core;

namespace SyncFlow.Worker;

/// <summary>
/// Wake-ups inside this process: levels of a tenant may want a push or a reading, events were stored, runs asked for. A
/// signal only says look; every hearer also sweeps, so a lost one costs time and nothing else.
/// </summary>
public sealed class Signals
{
    private readonly ConcurrentDictionary<Signal, TenantId?> _hearers = new();

    /// <summary>A new hearer; null hears all tenants. Dispose it to stop hearing.</summary>
    public Signal Listen(TenantId? tenant)
    {
        var signal = new Signal(s => _hearers.TryRemove(s, out _));
        _hearers[signal] = tenant;
        return signal;
    }

    /// <summary>Wakes whoever listens for the tenant.</summary>
    public void Raise(TenantId tenant)
    {
        foreach (var (signal, wanted) in _hearers)
        {
            if (wanted is null || wanted == tenant)
            {
                signal.Set();
            }
        }
    }
}

/// <summary>One hearer: any number of raises while nobody waits are one wake-up.</summary>
public sealed class Signal : IDisposable
{
    private readonly SemaphoreSlim _raised = new(0, 1);
    private readonly Action<Signal> _close;

    internal Signal(Action<Signal> close) => _close = close;

    /// <summary>Wakes the one who waits, or the next who will.</summary>
    public void Set()
    {
        try
        {
            if (_raised.CurrentCount == 0)
            {
                _raised.Release();
            }
        }
        catch (SemaphoreFullException)
        {
            // Two raised at the same time: one wake-up is enough.
        }
        catch (ObjectDisposedException)
        {
            // Nobody listens any more.
        }
    }

    /// <summary>Waits for a raise, at most so long.</summary>
    public async Task WaitAsync(TimeSpan limit, TimeProvider time, CancellationToken ct)
    {
        if (limit <= TimeSpan.Zero)
        {
            ct.ThrowIfCancellationRequested();
            return;
        }

        using var patience = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, ct);
        try
        {
            await _raised.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // The time was up.
        }
    }

    public void Dispose()
    {
        _close(this);
        _raised.Dispose();
    }
}
