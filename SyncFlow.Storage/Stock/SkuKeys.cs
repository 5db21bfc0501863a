using SyncFlow.Core.Operations;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Requests;

namespace SyncFlow.Storage.Stock;

/// <summary>What is to be loaded beside SKUs, their pools and their levels.</summary>
/// <param name="Movements">Movement keys to look up.</param>
/// <param name="Operations">What counts and operations need.</param>
/// <param name="Requests">Which held requests; those that wait always are.</param>
internal sealed record SkuKeys(IReadOnlyCollection<string> Movements, OperationRefs Operations, RequestKeys Requests)
{
    /// <summary>Nothing but what waits.</summary>
    public static SkuKeys None { get; } = new([], OperationRefs.None, RequestKeys.None);

    /// <summary>Which claims of sources.</summary>
    public SourceRefs Sources { get; init; } = SourceRefs.None;
}
