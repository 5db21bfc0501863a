using SyncFlow.Core;

namespace SyncFlow.Storage.Requests;

/// <summary>Which held requests are to be loaded with their SKUs; those that wait always are.</summary>
/// <param name="Ids">By number.</param>
/// <param name="References">By the name that an order carries.</param>
/// <param name="Orders">By the order they belong to.</param>
internal sealed record RequestKeys(
    IReadOnlyCollection<long> Ids, IReadOnlyCollection<string> References,
    IReadOnlyCollection<(ConnectionId Connection, string OrderRef)> Orders)
{
    /// <summary>Only those that wait.</summary>
    public static RequestKeys None { get; } = new([], [], []);
}
