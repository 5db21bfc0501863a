using System.Collections.Concurrent;
using SyncFlow.Core;

namespace SyncFlow.Worker.Apply;

/// <summary>
/// How heavy a tenant's events are. One of a source's file may hold thousands of facts: so many are taken at a time that a
/// transaction, its locks and this process stay as small as with events of one fact each.
/// </summary>
/// <param name="first">How heavy an event is taken to be before one was seen.</param>
internal sealed class BatchWeights(int first = 1)
{
    /// <summary>Facts of a batch, as nearly as the batch before tells.</summary>
    public const int MostFacts = 20_000;

    /// <summary>Facts of a batch of history beside live events: these wait for it, and for the locks of its SKUs.</summary>
    public const int MostFactsBesideLive = 500;

    private readonly ConcurrentDictionary<TenantId, int> _factsOfOne = new();

    /// <summary>Most events of the next batch.</summary>
    /// <param name="limit">What it may be at most.</param>
    /// <param name="most">Facts of it.</param>
    public int Within(TenantId tenant, int limit, int most = MostFacts) => Math.Clamp(most / _factsOfOne.GetValueOrDefault(tenant, first), 1, limit);

    /// <summary>Learns from a batch.</summary>
    public void Learn(TenantId tenant, int claimed, int facts)
    {
        if (facts > claimed && claimed > 0)
        {
            _factsOfOne[tenant] = (facts + claimed - 1) / claimed;
        }
        else
        {
            _factsOfOne.TryRemove(tenant, out _);
        }
    }
}
