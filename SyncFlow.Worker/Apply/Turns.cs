using System.Threading.Channels;
using SyncFlow.Core;

namespace SyncFlow.Worker.Apply;

/// <summary>
/// Whose turn it is: tenants in the order in which they began to wait, one batch each, and none of them in more than so
/// many lanes at once. So however much one tenant sends, another waits for no more than a batch, and mostly for none.
/// </summary>
/// <param name="lanesPerTenant">Lanes that one tenant may take.</param>
internal sealed class Turns(int lanesPerTenant)
{
    private readonly Channel<TenantId> ready = Channel.CreateUnbounded<TenantId>();
    private readonly Dictionary<TenantId, Standing> standings = [];
    private readonly Lock gate = new();

    /// <summary>Whether a tenant waits that could be served at once.</summary>
    public bool OthersWait => ready.Reader.Count > 0;

    /// <summary>There may be something to do for this tenant. Any number of calls before its turn are one.</summary>
    public void Wake(TenantId tenant)
    {
        lock (gate)
        {
            var standing = standings.TryGetValue(tenant, out var known) ? known : standings[tenant] = new Standing();
            standing.Wants = true;
            Queue(tenant, standing);
        }
    }

    /// <summary>Waits for the next turn; <see cref="End"/> is to follow.</summary>
    public async ValueTask<TenantId> NextAsync(CancellationToken ct)
    {
        var tenant = await ready.Reader.ReadAsync(ct).ConfigureAwait(false);
        lock (gate)
        {
            // Before the look: what is stored during it gets another turn.
            var standing = standings[tenant];
            (standing.Queued, standing.Wants) = (false, false);
            standing.Running++;
        }

        return tenant;
    }

    /// <summary>A turn is over.</summary>
    /// <param name="more">Whether more may be there; the others come first.</param>
    public void End(TenantId tenant, bool more)
    {
        lock (gate)
        {
            var standing = standings[tenant];
            standing.Running--;
            standing.Wants |= more;
            Queue(tenant, standing);
            if (standing is { Running: 0, Wants: false })
            {
                standings.Remove(tenant);
            }
        }
    }

    private void Queue(TenantId tenant, Standing standing)
    {
        if (standing is { Wants: true, Queued: false } && standing.Running < lanesPerTenant)
        {
            standing.Queued = true;
            ready.Writer.TryWrite(tenant);
        }
    }

    private sealed class Standing
    {
        /// <summary>It is to have a turn.</summary>
        public bool Wants { get; set; }

        /// <summary>It stands in the queue.</summary>
        public bool Queued { get; set; }

        /// <summary>Lanes it has now.</summary>
        public int Running { get; set; }
    }
}
