using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Identity;

namespace SyncFlow.Api.People;

/// <summary>Who asks, and what he may do: what a screen shows and hides follows from it.</summary>
internal sealed class Me : IEndpoint
{
    /// <param name="TenantId">Null outside tenants.</param>
    /// <param name="LocationIds">The locations whose stock the caller may change; null for all.</param>
    /// <param name="CsrfToken">For <c>X-CSRF-Token</c>, where the session came by cookie.</param>
    internal sealed record Answer(
        CallerKind Kind, string Name, string? Role, long? TenantId, IReadOnlyList<string> Permissions, IReadOnlyList<long>? LocationIds, string? CsrfToken);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/me", Handle).OpenToCallers()
        .WithName("GetMe").WithTags("Signing in").WithSummary("Says who asks, and what he may do.");

    private static Ok<Answer> Handle(Caller caller) => TypedResults.Ok(new Answer(
        caller.Kind, caller.Name, caller.Role, caller.TenantOrNone, [.. caller.Permissions.Select(p => p.Text())], caller.Locations,
        caller.CameByCookie ? BrowserSession.TokenFor(caller.Secret) : null));
}
