using SyncFlow.Core;

namespace SyncFlow.Worker.Apply;

/// <summary>
/// Tells the publishers of this process, without a way through Redis, that levels of a connection want something. As
/// any wake-up it only says <em>look</em>; the publishers sweep as well.
/// </summary>
public sealed class LevelSignals
{
    /// <summary>Raised after the commit that made levels want something. Handlers return at once and do not throw.</summary>
    public event Action<TenantId, ConnectionId>? Wanted;

    /// <summary>Raises <see cref="Wanted"/>.</summary>
    public void Raise(TenantId tenant, ConnectionId connection) => Wanted?.Invoke(tenant, connection);
}
