namespace SyncFlow.Api.Http;

/// <summary>One route: its request, validation, handler and typed answer stand in one class.</summary>
internal interface IEndpoint
{
    /// <summary>Adds the route.</summary>
    static abstract void Map(IEndpointRouteBuilder routes);
}

internal static class EndpointExtensions
{
    /// <summary>Adds an endpoint's route.</summary>
    public static IEndpointRouteBuilder Add<TEndpoint>(this IEndpointRouteBuilder routes)
        where TEndpoint : IEndpoint
    {
        TEndpoint.Map(routes);
        return routes;
    }
}
