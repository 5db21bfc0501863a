namespace SyncFlow.Api.Http;

/// <summary>Says in the API's description that a route reads <c>If-Match</c>.</summary>
/// <param name="Needed">Whether it refuses a request without.</param>
/// <param name="What">What is to be sent, and why.</param>
/// <param name="Without">What a request without is told, where that is not a fault of a field.</param>
internal sealed record IfMatchNote(bool Needed, string What, ProblemKind? Without = null);

/// <summary>How a route says that it reads <c>If-Match</c>.</summary>
internal static class IfMatchExtensions
{
    private static readonly IfMatchNote Heeded = new(Needed: false, "The ETag that was read: where somebody changed it since, the request is refused. Left out, whatever stands is changed.");

    /// <summary>It may be left out.</summary>
    public static TBuilder HeedsIfMatch<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(Heeded);

    /// <summary>It may be left out of some requests.</summary>
    /// <inheritdoc cref="NeedsIfMatch"/>
    public static TBuilder HeedsIfMatch<TBuilder>(this TBuilder route, string what, ProblemKind without)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new IfMatchNote(Needed: false, what, without));

    /// <summary>It may not.</summary>
    /// <param name="what">What is to be sent, and why.</param>
    /// <param name="without">What a request without is told, where that is not a fault of a field.</param>
    public static TBuilder NeedsIfMatch<TBuilder>(this TBuilder route, string what, ProblemKind? without = null)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new IfMatchNote(Needed: true, what, without));
}
