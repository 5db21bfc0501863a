namespace SyncFlow.Storage.Sessions;

/// <summary>On whose behalf the database is used.</summary>
/// <param name="Name">Name of the key or person, for the audit log.</param>
/// <param name="Origin">From where: address and program; null where it is not known.</param>
/// <param name="Locations">The locations whose stock may be changed and seen being changed; null for all.</param>
public sealed record Actor(string Name, string? Origin, IReadOnlyList<long>? Locations);

/// <summary>
/// The actor of what runs now, and of all it calls. Every transaction tells it to the database, where it stands in the
/// audit log and holds row-level security to the actor's locations. Without one the process itself acts.
/// </summary>
public static class Acting
{
    private static readonly AsyncLocal<Actor?> Now = new();

    /// <summary>Who acts; null for the process itself.</summary>
    public static Actor? Current => Now.Value;

    /// <summary>Lets somebody act from here on, in this flow and what it begins.</summary>
    public static void As(Actor? actor) => Now.Value = actor;
}
