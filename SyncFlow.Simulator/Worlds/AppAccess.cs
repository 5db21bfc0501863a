namespace SyncFlow.Simulator.Worlds;

/// <summary>An expiring access token and the refresh token that came with it.</summary>
public sealed record AppTokenPair(string Access, DateTimeOffset AccessEnds, string Refresh, DateTimeOffset RefreshEnds);

/// <summary>
/// Expiring access of the app to one shop, by Shopify's rules: a refresh token is used once, and the one before stays
/// good until its replacement is first used. The caller holds the shop's gate.
/// </summary>
public sealed class AppAccess
{
    /// <summary>How long an access token holds.</summary>
    public static readonly TimeSpan AccessLife = TimeSpan.FromHours(1);

    /// <summary>How long a refresh token holds.</summary>
    public static readonly TimeSpan RefreshLife = TimeSpan.FromDays(90);

    /// <summary>The newest pair; null before the first exchange and after an uninstall.</summary>
    public AppTokenPair? Current { get; set; }

    /// <summary>The pair before, while its refresh token may still be used again; its access token ends by itself.</summary>
    public AppTokenPair? Before { get; set; }

    /// <summary>Whether the newest pair was used: then the refresh token before is dead.</summary>
    public bool CurrentUsed { get; set; }

    /// <summary>Whether an access token opens the shop now; the newest one counts as used from then on.</summary>
    public bool Opens(string access, DateTimeOffset now)
    {
        if (Current is { } current && current.Access == access && now < current.AccessEnds)
        {
            CurrentUsed = true;
            return true;
        }

        return Before is { } before && before.Access == access && now < before.AccessEnds;
    }

    /// <summary>Issues a pair for a session token: earlier ones are replaced as by a refresh.</summary>
    public AppTokenPair Issue(DateTimeOffset now, Func<string> secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        (Before, CurrentUsed) = (Current, false);
        return Current = new AppTokenPair($"shpat_{secret()}", now + AccessLife, $"shprt_{secret()}", now + RefreshLife);
    }

    /// <summary>The next pair for a refresh token; null where it is not good any more.</summary>
    public AppTokenPair? Refresh(string refresh, DateTimeOffset now, Func<string> secret)
    {
        if (Current is { } current && current.Refresh == refresh && now < current.RefreshEnds)
        {
            return Issue(now, secret);
        }

        if (Before is { } before && before.Refresh == refresh && !CurrentUsed && now < before.RefreshEnds)
        {
            // The answer with the replacement was lost: another replacement is given, and the lost one never used.
            Issue(now, secret);
            Before = before;
            return Current;
        }

        return null;
    }

    /// <summary>The app was removed: nothing opens the shop any more.</summary>
    public void End() => (Current, Before, CurrentUsed) = (null, null, false);
}
