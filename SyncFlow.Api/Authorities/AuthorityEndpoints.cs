using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Authorities;

/// <summary>The source-of-truth hierarchy.</summary>
internal sealed class ListAuthorityRules : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/authority-rules", HandleAsync)
        .WithName("ListAuthorityRules").WithTags("Authority").Needs(Permission.PoliciesRead)
        .WithSummary("Lists who is the authority for on-hand of what.");

    private static async Task<Ok<List<AuthorityRuleView>>> HandleAsync(Caller caller, AuthorityDesk desk, CancellationToken ct) =>
        TypedResults.Ok(await desk.ListAsync(caller.Tenant, ct).ConfigureAwait(false));
}

/// <summary>
/// Sets who is the authority for on-hand of a SKU, of SKUs whose code begins so, of a location, of a SKU at a location,
/// or of everything; or says first what that would change. Setting the same scope again replaces the rule.
/// </summary>
internal sealed class SetAuthorityRule : IEndpoint
{
    /// <param name="Owner"><c>ledger</c> or <c>connection</c>.</param>
    /// <param name="ConnectionId">Which, where a connection owns it.</param>
    internal sealed record Request(string? Sku, string? SkuPrefix, long? LocationId, string? Owner, long? ConnectionId);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPut("/authority-rules", async Task<Results<Ok<AuthorityRuleView>, Refused>> (
                Request request, Caller caller, AuthorityDesk desk, WakeUps wakeUps, CancellationToken ct) =>
            {
                if (await CheckAsync(request, caller, desk, ct).ConfigureAwait(false) is { } refused)
                {
                    return refused;
                }

                var rule = await desk.SetAsync(caller.Tenant, Wish(request), ct).ConfigureAwait(false);
                _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
                return TypedResults.Ok(rule);
            })
            .WithName("SetAuthorityRule").WithTags("Authority").Needs(Permission.PoliciesWrite)
            .WithSummary("Sets who is the authority for on-hand.");
        routes.MapPost("/authority-rules/preview", async Task<Results<Ok<AuthorityPreview>, Refused>> (
                Request request, Caller caller, AuthorityDesk desk, CancellationToken ct) =>
                await CheckAsync(request, caller, desk, ct).ConfigureAwait(false) is { } refused
                    ? refused
                    : TypedResults.Ok(await desk.PreviewAsync(caller.Tenant, Wish(request), ct).ConfigureAwait(false)))
            .WithName("PreviewAuthorityRule").WithTags("Authority").Needs(Permission.PoliciesRead)
            .WithSummary("Says what a rule would change, and where numbers differ.");
        routes.MapDelete("/authority-rules/{id:long}", async Task<Results<NoContent, Refused>> (
                long id, Caller caller, AuthorityDesk desk, WakeUps wakeUps, CancellationToken ct) =>
            {
                if (!await desk.RemoveAsync(caller.Tenant, id, ct).ConfigureAwait(false))
                {
                    return (Refused)Problem.NotFound("authority rule", id);
                }

                _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
                return TypedResults.NoContent();
            })
            .WithName("RemoveAuthorityRule").WithTags("Authority").Needs(Permission.PoliciesWrite)
            .WithSummary("Takes a rule away; a wider one or the connection's own setting counts then.");
    }

    private static AuthorityWish Wish(Request request) => new(request.Sku, request.SkuPrefix, request.LocationId, request.ConnectionId);

    private static async Task<Refused?> CheckAsync(Request request, Caller caller, AuthorityDesk desk, CancellationToken ct)
    {
        var check = new Check()
            .That(request.Owner is "ledger" or "connection", "owner", "Either ledger or connection.")
            .That(request.Owner == "connection" == request.ConnectionId is not null, "connectionId", "Named where, and only where, a connection is the owner.")
            .That(request.Sku is null || request.SkuPrefix is null, "skuPrefix", "Either one SKU or a group, not both.")
            .That(request.SkuPrefix is null || request.SkuPrefix.Trim() is { Length: > 0 and <= 100 }, "skuPrefix", "1 to 100 characters.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var unknown = await desk.UnknownFieldAsync(caller.Tenant, Wish(request), ct).ConfigureAwait(false);
        return unknown is null ? null : (Refused)Problem.Invalid(unknown, "There is no such one.");
    }
}
