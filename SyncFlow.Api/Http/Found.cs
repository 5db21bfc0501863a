using Microsoft.AspNetCore.Http.HttpResults;

namespace SyncFlow.Api.Http;

/// <summary>The answer to a look for one thing.</summary>
internal static class Found
{
    /// <summary>The thing, or that there is none: the same words for one of another tenant and for one that nobody has.</summary>
    /// <param name="thing">What was found; null for nothing.</param>
    /// <param name="what">Its kind, for people.</param>
    /// <param name="id">As it was asked for.</param>
    public static Results<Ok<T>, Refused> Of<T>(T? thing, string what, object id)
        where T : class => thing is null ? (Refused)Problem.NotFound(what, id) : TypedResults.Ok(thing);
}
