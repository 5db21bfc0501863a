using SyncFlow.Core;

namespace SyncFlow.Worker.Publishing;

/// <summary>
/// Levels of one connection that are being read right now: no push is planned for them meanwhile, so that a reading's
/// marks are exact. Plans pass through the same gate, one at a time: a hold begins only between two plans.
/// </summary>
internal sealed class LevelHolds : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Dictionary<LevelId, int> _held = [];

    /// <summary>Enters the gate for one plan; dispose to leave.</summary>
    public async Task<IDisposable> EnterPlanAsync(CancellationToken ct)
    {
        await _gate.WaitAsync(ct).ConfigureAwait(false);
        return new Exit(() => _gate.Release());
    }

    /// <summary>Whether a level is held; only inside the gate.</summary>
    public bool IsHeld(LevelId level) => _held.ContainsKey(level);

    /// <summary>How many are held; only inside the gate.</summary>
    public int Count => _held.Count;

    /// <summary>Holds levels until the answer is disposed.</summary>
    public async Task<IAsyncDisposable> HoldAsync(IReadOnlyCollection<LevelId> levels, CancellationToken ct)
    {
        await ChangeAsync(levels, 1, ct).ConfigureAwait(false);
        return new Release(() => ChangeAsync(levels, -1, CancellationToken.None));
    }

    public void Dispose() => _gate.Dispose();

    private async Task ChangeAsync(IReadOnlyCollection<LevelId> levels, int by, CancellationToken ct)
    {
        await _gate.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            foreach (var level in levels)
            {
                var count = _held.GetValueOrDefault(level) + by;
                if (count == 0)
                {
                    _held.Remove(level);
                }
                else
                {
                    _held[level] = count;
                }
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    private sealed class Exit(Action leave) : IDisposable
    {
        public void Dispose() => leave();
    }

    private sealed class Release(Func<Task> release) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await release().ConfigureAwait(false);
    }
}
