namespace SyncFlow.Core.Engine;

/// <summary>A call to be made outside the engine.</summary>
/// <param name="Connection">To whom.</param>
/// <param name="Kind">What to ask.</param>
/// <param name="Ref">The channel's id of what is asked about; empty for the whole connection.</param>
/// <param name="DueAt">Not before.</param>
public sealed record WorkItem(ConnectionId Connection, WorkKind Kind, string Ref, DateTimeOffset DueAt);

/// <summary>What a work item asks for. The numbers are stored; they never change meaning.</summary>
public enum WorkKind : short
{
    /// <summary>Read one order whole.</summary>
    FetchOrder = 1,

    /// <summary>Read one product's variants and items again.</summary>
    RefreshProduct = 2,

    /// <summary>Read one stock item again.</summary>
    RefreshItem = 3,

    /// <summary>Read the channel's locations again.</summary>
    RefreshLocations = 4,

    /// <summary>Read the channel's whole catalog again.</summary>
    RefreshCatalog = 60,

    /// <summary>Read again what the app was granted.</summary>
    RefreshAccess = 100,

    /// <summary>Ask again how the subscription stands.</summary>
    RefreshBilling = 101,
}
