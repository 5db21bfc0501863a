using SyncFlow.Core;
using SyncFlow.Storage.Work;
using SyncFlow.Worker.Fairness;

namespace SyncFlow.Worker.Runs;

/// <summary>
/// Who begins a run next: one claim of a tenant in a round, from behind the tenant that was served last, as long as its
/// places and those of the process last.
/// </summary>
/// <param name="slots">Places.</param>
/// <param name="claim">Claims a tenant's next run; null where it has none to be claimed.</param>
/// <param name="begin">Begins a run; the task ends with it and does not throw.</param>
internal sealed class RunTurns(TenantSlots slots, Func<TenantId, CancellationToken, Task<ClaimedRun?>> claim, Func<ClaimedRun, Task> begin)
{
    private readonly TenantRing _ring = new();
    private readonly List<(TenantId Tenant, Task Task)> _running = [];

    /// <summary>What runs now.</summary>
    public IReadOnlyList<Task> Running => [.. _running.Select(r => r.Task).Where(t => !t.IsCompleted)];

    /// <summary>Begins what there is room for.</summary>
    /// <param name="toClaim">Tenants with runs that may be claimed.</param>
    public async Task BeginAsync(IEnumerable<TenantId> toClaim, CancellationToken ct)
    {
        _running.RemoveAll(r => r.Task.IsCompleted);
        var waiting = _ring.Order(toClaim);
        for (var any = true; any && slots.HasRoom(_running.Count);)
        {
            any = false;
            foreach (var tenant in _ring.Order(waiting))
            {
                if (!slots.MayBegin(tenant, _running.ConvertAll(r => r.Tenant), othersWait: waiting.Count > 1))
                {
                    continue;
                }

                if (await claim(tenant, ct).ConfigureAwait(false) is not { } run)
                {
                    waiting.Remove(tenant); // Another worker claimed them meanwhile, or that was all.
                    continue;
                }

                _ring.Served(tenant);
                _running.Add((tenant, begin(run)));
                any = true;
            }
        }
    }
}
