using SyncFlow.Core;

namespace SyncFlow.Worker.Fairness;

/// <summary>The order in which tenants are served: each look begins behind the one that was served last.</summary>
internal sealed class TenantRing
{
    private long _last = long.MinValue;

    /// <summary>Those that wait, each once, from the first behind the one served last.</summary>
    public List<TenantId> Order(IEnumerable<TenantId> waiting)
    {
        ArgumentNullException.ThrowIfNull(waiting);
        return [.. waiting.Distinct().OrderBy(t => t.Value <= _last).ThenBy(t => t.Value)];
    }

    /// <summary>This one was served.</summary>
    public void Served(TenantId tenant) => _last = tenant.Value;
}
