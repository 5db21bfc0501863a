namespace SyncFlow.Api.Security;

/// <summary>Who may pass.</summary>
internal enum RouteAccess
{
    /// <summary>Anyone, known or not: the route itself checks what it is given.</summary>
    Anyone,

    /// <summary>Every caller who is known.</summary>
    Callers,

    /// <summary>Callers who hold a permission.</summary>
    Holders,
}

/// <summary>The rule of a route.</summary>
/// <param name="Permission">What a caller must hold, for <see cref="RouteAccess.Holders"/>.</param>
internal sealed record RouteRule(RouteAccess Access, Permission? Permission = null)
{
    /// <summary>The rule as the API's description and the table of rights write it.</summary>
    public string Text => Permission?.Text() ?? (Access == RouteAccess.Anyone ? "anyone" : "callers");
}

/// <summary>Marks a route whose answer holds a secret: it is not kept for a repeat of the request.</summary>
internal sealed record SecretAnswer
{
    public static readonly SecretAnswer Instance = new();
}

/// <summary>How a route says who may call it. One that says nothing is closed to all who do not hold every permission.</summary>
internal static class NeedsExtensions
{
    /// <summary>Only callers who hold a permission.</summary>
    public static TBuilder Needs<TBuilder>(this TBuilder route, Permission permission)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new RouteRule(RouteAccess.Holders, permission));

    /// <summary>Anyone: there is no key yet.</summary>
    public static TBuilder OpenToAnyone<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new RouteRule(RouteAccess.Anyone));

    /// <summary>Every caller who is known, whatever he may do.</summary>
    public static TBuilder OpenToCallers<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new RouteRule(RouteAccess.Callers));

    /// <summary>The answer holds a secret.</summary>
    public static TBuilder AnswersSecret<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(SecretAnswer.Instance);
}
