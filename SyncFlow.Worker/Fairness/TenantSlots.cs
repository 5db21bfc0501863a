using SyncFlow.Core;

namespace SyncFlow.Worker.Fairness;

/// <summary>
/// Long work side by side, and who may begin one more: while others wait a tenant has few of the places, and never all of
/// them, so that who comes finds one.
/// </summary>
/// <param name="Most">Places of this process.</param>
/// <param name="OfOne">Of them, for one tenant that is alone.</param>
/// <param name="InCompany">Of them, for one tenant while others wait.</param>
internal sealed record TenantSlots(int Most, int OfOne, int InCompany)
{
    /// <summary>Whether there is room for anybody.</summary>
    public bool HasRoom(int running) => running < Most;

    /// <summary>Whether a tenant may begin one more.</summary>
    /// <param name="running">The tenants of what runs, one for each.</param>
    /// <param name="othersWait">Whether another has something that it could begin.</param>
    public bool MayBegin(TenantId tenant, IReadOnlyCollection<TenantId> running, bool othersWait)
    {
        ArgumentNullException.ThrowIfNull(running);
        return HasRoom(running.Count) && running.Count(t => t == tenant) < (othersWait ? InCompany : OfOne);
    }
}
