using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using SyncFlow.Storage.Identity;

namespace SyncFlow.Api.Security;

/// <summary>
/// How many requests a caller may send: a bucket of tokens for every caller, a larger one for his tenant, so that one
/// tenant's systems together do not slow others, and a small one for every address that shows no valid secret (of an
/// IPv6 address for its network of 64 bits). Kept in
/// this process: with several replicas each has its own.
/// </summary>
internal sealed class CallerLimits : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan UsualWait = TimeSpan.FromSeconds(1);

    private readonly PartitionedRateLimiter<CallerRecord> callers;

    private readonly PartitionedRateLimiter<CallerRecord> tenants;

    private readonly PartitionedRateLimiter<IPAddress> strangers;

    /// <summary>Secrets that may be guesses and are being looked up, by address: each counts once, however many requests show it.</summary>
    private readonly Dictionary<IPAddress, Dictionary<string, int>> guesses = [];

    /// <param name="configuration">
    /// <c>Limits:CallerPerSecond</c> (500; bursts of ten times as many), <c>Limits:TenantPerSecond</c> (2,000) and
    /// <c>Limits:StrangerPerSecond</c> (5).
    /// </param>
    public CallerLimits(IConfiguration configuration)
    {
        var (caller, tenant, stranger) = (
            configuration.GetValue("Limits:CallerPerSecond", 500), configuration.GetValue("Limits:TenantPerSecond", 2_000),
            configuration.GetValue("Limits:StrangerPerSecond", 5));
        callers = PartitionedRateLimiter.Create<CallerRecord, (long, CallerKind, long)>(
            who => RateLimitPartition.GetTokenBucketLimiter((who.TenantId, who.Kind, who.Id), _ => Bucket(caller)));
        tenants = PartitionedRateLimiter.Create<CallerRecord, long>(
            who => RateLimitPartition.GetTokenBucketLimiter(who.TenantId, _ => Bucket(tenant)));
        strangers = PartitionedRateLimiter.Create<IPAddress, IPAddress>(
            address => RateLimitPartition.GetTokenBucketLimiter(address, _ => Bucket(stranger)));
    }

    /// <summary>Takes a known caller's token; null where there was one, else when to come back.</summary>
    public TimeSpan? Take(CallerRecord who)
    {
        using var own = callers.AttemptAcquire(who);
        if (!own.IsAcquired)
        {
            return WaitOf(own);
        }

        using var shared = tenants.AttemptAcquire(who);
        return shared.IsAcquired ? null : WaitOf(shared);
    }

    /// <summary>Takes a token of an address that shows no valid secret; null where there was one, else when to come back.</summary>
    public TimeSpan? TakeStranger(HttpContext context)
    {
        using var lease = strangers.AttemptAcquire(SideOf(context));
        return lease.IsAcquired ? null : WaitOf(lease);
    }

    /// <summary>
    /// Before a secret is looked up that may be a guess: null where the same bucket has a token for it and for all others that are
    /// being looked up from there, else when to come back. Nothing is taken; whoever was let begin has to be ended.
    /// </summary>
    public TimeSpan? BeginGuess(HttpContext context, string secret)
    {
        var side = SideOf(context);
        lock (guesses)
        {
            var here = guesses.GetValueOrDefault(side) ?? [];
            if (!here.ContainsKey(secret) && strangers.GetStatistics(side) is { } bucket && bucket.CurrentAvailablePermits <= here.Count)
            {
                return UsualWait;
            }

            here[secret] = here.GetValueOrDefault(secret) + 1;
            guesses[side] = here;
            return null;
        }
    }

    /// <summary>It was looked up; where it opened nothing, its token has been taken.</summary>
    public void EndGuess(HttpContext context, string secret)
    {
        var side = SideOf(context);
        lock (guesses)
        {
            var here = guesses[side];
            if (--here[secret] == 0 && here.Remove(secret) && here.Count == 0)
            {
                guesses.Remove(side);
            }
        }
    }

    public void Dispose()
    {
        callers.Dispose();
        tenants.Dispose();
        strangers.Dispose();
    }

    private static IPAddress SideOf(HttpContext context) => SideOf(context.Connection.RemoteIpAddress ?? IPAddress.None);

    /// <summary>Whose bucket it is. Of an IPv6 address the first half: whoever has one address there has all of them.</summary>
    internal static IPAddress SideOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(bytes.Length / 2).Clear();
        return new IPAddress(bytes);
    }

    private static TimeSpan WaitOf(RateLimitLease lease) => lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : UsualWait;

    private static TokenBucketRateLimiterOptions Bucket(int perSecond) => new()
    {
        TokenLimit = perSecond * 10,
        TokensPerPeriod = perSecond,
        ReplenishmentPeriod = Period,
        QueueLimit = 0,
    };
}
