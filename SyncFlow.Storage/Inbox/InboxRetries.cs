namespace SyncFlow.Storage.Inbox;

/// <summary>How often and how soon an event that could not be applied is tried again.</summary>
public static class InboxRetries
{
    /// <summary>Failed attempts after which an event is a dead letter.</summary>
    public const int MostAttempts = 5;

    /// <summary>Most events one transaction claims while others wait for their turn, or little waits.</summary>
    public const int UsuallyClaimed = 500;

    /// <summary>Most events one transaction claims of a backlog.</summary>
    public const int MostClaimed = 4_000;

    private static readonly TimeSpan[] Waits =
        [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2)];

    /// <summary>How long to wait after the given number of failed attempts (1 or more).</summary>
    public static TimeSpan After(int attempts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(attempts, 1);
        return Waits[Math.Min(attempts, Waits.Length) - 1];
    }
}
