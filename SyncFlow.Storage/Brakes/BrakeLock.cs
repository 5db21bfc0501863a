using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Brakes;

/// <summary>
/// Orders plans and switches of one tenant: any number of plans pass side by side, a switch waits for those under way
/// and the next ones wait for it. So a plan either committed before the switch or read what it set. Taken first in its
/// transaction, before any row; the database gives it back at the end.
/// </summary>
public static class BrakeLock
{
    /// <summary>A plan is about to read its configuration: it enters with the session's next statements, ahead of them.</summary>
    public static void EnterPlan(StorageSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        session.Lead(session.Of("SELECT pg_advisory_xact_lock_shared(hashtextextended('brakes:' || $1, 0))"));
    }

    /// <summary>A switch is about to be written.</summary>
    public static Task EnterSwitchAsync(StorageSession session, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ExecuteAsync(session.Of("SELECT pg_advisory_xact_lock(hashtextextended('brakes:' || $1, 0))"), ct);
    }
}
