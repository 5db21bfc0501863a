using System.Buffers.Binary;
using System.Collections.Concurrent;
using SyncFlow.Storage.Identity;

namespace SyncFlow.Api.Security;

/// <summary>A caller and what he may do.</summary>
internal sealed record KnownCaller(CallerRecord Record, PermissionSet Permissions)
{
    public static KnownCaller Of(CallerRecord record) => new(record, record.Kind switch
    {
        CallerKind.Key => Scopes.Of(record.Scopes),
        CallerKind.Partner => new(Scopes.Of(record.Scopes).Bits & Roles.PartnerKeys.Bits),
        CallerKind.Entered => Roles.Entered,
        CallerKind.Platform => PermissionSet.Platform,
        CallerKind.Member => Enum.TryParse<Role>(record.Role, out var role) && Roles.IsOfTenant(role) ? Roles.Of(role) : PermissionSet.None,
    });
}

/// <summary>
/// Callers by the hash of their secret, so that a request costs no query. The database tells of every change
/// (<see cref="CallerChanges"/>); while it cannot be heard nothing is kept.
/// </summary>
internal sealed class CallerCache(CallerStore store, TimeProvider time)
{
    /// <summary>Most callers kept; more are looked up each time.</summary>
    public const int MostKept = 20_000;

    /// <summary>How long one is kept at most, should a change have been told and not heard.</summary>
    public static readonly TimeSpan LongestKept = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<Hash, Kept> kept = new();

    private readonly SeenSecrets<Hash> seen = new(MostKept);

    /// <summary>Rises with every change that was told: what was read before it is not kept.</summary>
    private long changes;

    private volatile bool hears;

    /// <summary>Whether changes are heard, so that callers are kept.</summary>
    public bool IsHearing => hears;

    /// <summary>Whether somebody was found by a secret when it was last looked up, also where he is not kept any more.</summary>
    public bool HasSeen(byte[] hash) => seen.Contains(Hash.Of(hash));

    /// <summary>The holder of a secret, if it is known and has not expired.</summary>
    /// <param name="hash">SHA-256 of the secret.</param>
    public ValueTask<KnownCaller?> FindAsync(byte[] hash, CancellationToken ct) => FindAsync(hash, stop => store.FindAsync(hash, stop), ct);

    /// <summary>The holder of a secret, found by <paramref name="look"/> where he is not kept.</summary>
    public async ValueTask<KnownCaller?> FindAsync(byte[] hash, Func<CancellationToken, Task<CallerRecord?>> look, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var key = Hash.Of(hash);
        if (hears && kept.TryGetValue(key, out var found) && now < found.Until)
        {
            return Unexpired(found.Caller, now);
        }

        var before = Interlocked.Read(ref changes);
        if (await look(ct).ConfigureAwait(false) is not { } record)
        {
            seen.Remove(key);
            return null; // Not kept: whoever guesses must not fill the memory.
        }

        seen.Add(key);

        var caller = KnownCaller.Of(record);
        if (hears && before == Interlocked.Read(ref changes) && kept.Count < MostKept)
        {
            kept[key] = new Kept(caller, now + LongestKept);
            if (before != Interlocked.Read(ref changes))
            {
                kept.TryRemove(key, out _); // The change came between the look and the keeping.
            }
        }

        return Unexpired(caller, now);
    }

    /// <summary>Forgets the callers of a tenant, or all.</summary>
    public void Forget(long? tenant)
    {
        Interlocked.Increment(ref changes);
        foreach (var (key, value) in kept)
        {
            if (tenant is null || value.Caller.Record.TenantId == tenant)
            {
                kept.TryRemove(key, out _);
            }
        }
    }

    /// <summary>Whether changes are heard; while they are not, nothing is kept.</summary>
    public void Hears(bool now)
    {
        hears = now;
        Forget(null);
    }

    private static KnownCaller? Unexpired(KnownCaller caller, DateTimeOffset now) =>
        caller.Record.ExpiresAt is { } end && end <= now ? null : caller;

    private sealed record Kept(KnownCaller Caller, DateTimeOffset Until);

    private readonly record struct Hash(ulong A, ulong B, ulong C, ulong D)
    {
        public static Hash Of(ReadOnlySpan<byte> hash) => new(
            BinaryPrimitives.ReadUInt64LittleEndian(hash), BinaryPrimitives.ReadUInt64LittleEndian(hash[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(hash[16..]), BinaryPrimitives.ReadUInt64LittleEndian(hash[24..]));
    }
}
