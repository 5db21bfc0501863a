namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// A connection's lease as the store keeps it, by which its SQL is judged. The store's clock alone decides, the one that all
/// workers share: who was away too long finds a higher epoch, or the lease run out, and can write nothing.
/// </summary>
/// <param name="Owner">Names one start of a worker, and is never reused; null before anybody took it.</param>
/// <param name="Epoch">How often it was taken.</param>
/// <param name="Until">When it ends unless it is renewed.</param>
internal sealed record LeaseRow(string? Owner, long Epoch, DateTimeOffset Until)
{
    /// <summary>Nobody ever held it.</summary>
    public static LeaseRow Free { get; } = new(null, 0, DateTimeOffset.MinValue);

    /// <summary>Whether nobody holds it.</summary>
    public bool IsFree(DateTimeOffset now) => Until <= now;

    /// <summary>Whether a plan, an answer or a reading under this epoch may be stored.</summary>
    public bool Permits(long epoch, DateTimeOffset now) => Epoch == epoch && !IsFree(now);

    /// <summary>Taken under a new epoch; null while another holds it.</summary>
    public LeaseRow? Take(string owner, TimeSpan duration, DateTimeOffset now) =>
        IsFree(now) || Owner == owner ? new LeaseRow(owner, Epoch + 1, now + duration) : null;

    /// <summary>Given more time; null where it is not held under this epoch, and never will be again.</summary>
    public LeaseRow? Renew(long epoch, TimeSpan duration, DateTimeOffset now) =>
        Permits(epoch, now) ? this with { Until = now + duration } : null;

    /// <summary>Given back, so that another may take it at once; null where it was lost before.</summary>
    public LeaseRow? Release(long epoch, DateTimeOffset now) => Permits(epoch, now) ? this with { Until = now } : null;
}
