using SyncFlow.Api.Http;
using SyncFlow.Storage.Preorders;

namespace SyncFlow.Api.Preorders;

/// <summary>Why a preorder cannot be as it is wished.</summary>
internal static class PreorderProblems
{
    /// <summary>The answer; null where the wish was met.</summary>
    public static Problem? Of(PreorderResult result) => result switch
    {
        PreorderResult.Done => null,
        PreorderResult.Stale => SeenVersion.Stale().Problem,
        PreorderResult.NotOpened => new Problem(
            ProblemKind.StateConflict, "Nobody has counted what lies at the location: count it first, zero will do."),
        PreorderResult.IsKit => new Problem(ProblemKind.StateConflict, "A kit is sold as its parts are: set the preorder on a part."),
        PreorderResult.Promised => new Problem(
            ProblemKind.StateConflict, "Units are promised against it. Let it end (until), and it stays until the goods are there."),
        PreorderResult.None => new Problem(ProblemKind.NotFound, "The SKU has no preorder."),
        _ => throw new ArgumentOutOfRangeException(nameof(result), result, "Unknown result."),
    };
}
