using System.Threading.Channels;
using SyncFlow.Core;
using SyncFlow.Core.Fairness;

namespace SyncFlow.Worker.Apply;

/// <summary>
/// Whose turn it is: tenants in the order in which they began to wait, one batch each, those with a backlog as often as
/// their weights say (<see cref="WeightedOrder{TKey}"/>), and none of them in more than so many lanes at once. So however
/// much the others send, a tenant waits for no more than a batch of each, and mostly for none. With fewer backlogs than
/// lanes each has a lane of its own, and nobody has to be weighed. A tenant in company has one lane: on few processors two large batches of it would leave the others none, lane or not.
/// So has one without a backlog: two batches that share the events of a moment write the same SKUs twice.
/// </summary>
/// <param name="lanesPerTenant">Lanes that one tenant may take while it is alone and has a backlog.</param>
/// <param name="weight">A tenant's weight, at least 1; asked each time it comes to have a backlog.</param>
/// <param name="time">The clock.</param>
internal sealed class Turns(int lanesPerTenant, Func<TenantId, int> weight, TimeProvider time)
{
    /// <summary>How long a tenant that was woken counts as company for the others.</summary>
    public static readonly TimeSpan InCompanyFor = TimeSpan.FromSeconds(2);

    // One token for each that stands in the order.
    private readonly Channel<bool> tokens = Channel.CreateUnbounded<bool>();
    private readonly WeightedOrder<TenantId> order = new();
    private readonly SortedDictionary<int, int> backlogs = [];
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
            return order.Count > (standings.TryGetValue(tenant, out var own) && own.Queued ? 1 : 0);
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
        await tokens.Reader.ReadAsync(ct).ConfigureAwait(false);
        lock (gate)
        {
            var (tenant, at) = order.Take();

            // Before the look: what is stored during it gets another turn.
            var standing = standings[tenant];
            (standing.Queued, standing.Wants) = (false, standing.Backlog);
            standing.Running++;
            standing.Served.Enqueue(standing.ServedAt = at);
            Queue(tenant, standing);
            return tenant;
        }
    }

    /// <summary>A turn is over.</summary>
    /// <param name="more">Whether its batch was full, so that more may be there; the others come first.</param>
    public void End(TenantId tenant, bool more)
    {
        lock (gate)
        {
            var standing = standings[tenant];
            standing.Running--;
            Note(standing, more ? weight(tenant) : 0);
            standing.Wants |= more;
            Queue(tenant, standing);
            order.End(standing.Served.Dequeue());
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
            if (standing.Backlog)
            {
                order.JoinAgain(tenant, standing.ServedAt, standing.Weight, heaviest: backlogs.Last().Key);
            }
            else
            {
                order.Join(tenant);
            }

            tokens.Writer.TryWrite(true);
        }
    }

    /// <summary>Notes a tenant's weight among the backlogs; 0 where it has none.</summary>
    private void Note(Standing standing, int weighs)
    {
        if (standing.Weight == weighs)
        {
            return;
        }

        if (standing.Backlog && --backlogs[standing.Weight] == 0)
        {
            backlogs.Remove(standing.Weight);
        }

        standing.Weight = weighs;
        if (standing.Backlog)
        {
            backlogs[weighs] = backlogs.GetValueOrDefault(weighs) + 1;
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
        public bool Backlog => Weight > 0;

        /// <summary>Its weight among those with a backlog; 0 while it has none.</summary>
        public int Weight { get; set; }

        /// <summary>Where in the order its last turn was.</summary>
        public long ServedAt { get; set; }

        /// <summary>Where its turns were that go on.</summary>
        public Queue<long> Served { get; } = [];

        /// <summary>It stands in the queue.</summary>
        public bool Queued { get; set; }

        /// <summary>Lanes it has now.</summary>
        public int Running { get; set; }
    }
}
