using System.Threading.Channels;
using SyncFlow.Core;

namespace SyncFlow.Worker.Apply;

/// <summary>
/// Whose turn it is: tenants in the order in which they began to wait, one batch each, and none of them in more than so
/// many lanes at once. So however much one tenant sends, another waits for no more than a batch, and mostly for none. A
/// tenant in company has one lane: on few processors two large batches of it would leave the others none, lane or not.
/// So has one without a backlog: two batches that share the events of a moment write the same SKUs twice.
/// </summary>
/// <param name="lanesPerTenant">Lanes that one tenant may take while it is alone and has a backlog.</param>
internal sealed class Turns(int lanesPerTenant, TimeProvider time)
{
    /// <summary>How long a tenant that was woken counts as company for the others.</summary>
    public static readonly TimeSpan InCompanyFor = TimeSpan.FromSeconds(2);

    private readonly Channel<TenantId> ready = Channel.CreateUnbounded<TenantId>();
    private readonly Dictionary<TenantId, Standing> standings = [];
    private readonly Lock gate = new();

    // Who was woken last, and who was before that was another: of two different ones, one is not the tenant in question.
    private (TenantId Tenant, long At)? latest;
    private (TenantId Tenant, long At)? other;

    /// <summary>Whether a tenant other than this one waits that could be served at once.</summary>
    public bool OthersWait(TenantId tenant)
    {
        lock (gate)
        {
            return ready.Reader.Count > (standings.TryGetValue(tenant, out var own) && own.Queued ? 1 : 0);
        }
    }

    /// <summary>Whether something came for another tenant lately.</summary>
    public bool HasCompany(TenantId tenant)
    {
        lock (gate)
        {
            return IsInCompany(tenant);
        }
    }

    /// <summary>There may be something to do for this tenant. Any number of calls before its turn are one.</summary>
    public void Wake(TenantId tenant)
    {
        lock (gate)
        {
            var standing = standings.TryGetValue(tenant, out var known) ? known : standings[tenant] = new Standing();
            standing.Wants = true;
            other = latest is { } last && last.Tenant != tenant ? last : other;
            latest = (tenant, time.GetTimestamp());
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
            (standing.Queued, standing.Wants) = (false, standing.Backlog);
            standing.Running++;
            Queue(tenant, standing);
        }

        return tenant;
    }

    /// <summary>A turn is over.</summary>
    /// <param name="more">Whether its batch was full, so that more may be there; the others come first.</param>
    public void End(TenantId tenant, bool more)
    {
        lock (gate)
        {
            var standing = standings[tenant];
            standing.Running--;
            standing.Backlog = more;
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
        if (standing is { Wants: true, Queued: false } && standing.Running < (standing.Backlog && !IsInCompany(tenant) ? lanesPerTenant : 1))
        {
            standing.Queued = true;
            ready.Writer.TryWrite(tenant);
        }
    }

    private bool IsInCompany(TenantId tenant)
    {
        var company = latest is { } last && last.Tenant == tenant ? other : latest;
        return company is { } some && time.GetElapsedTime(some.At) < InCompanyFor;
    }

    private sealed class Standing
    {
        /// <summary>It is to have a turn.</summary>
        public bool Wants { get; set; }

        /// <summary>Its last batch was full.</summary>
        public bool Backlog { get; set; }

        /// <summary>It stands in the queue.</summary>
        public bool Queued { get; set; }

        /// <summary>Lanes it has now.</summary>
        public int Running { get; set; }
    }
}
