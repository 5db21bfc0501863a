using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Allocation;
using SyncFlow.Api.Http;
using SyncFlow.Api.Operations;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Brakes;
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

    /// <param name="Writes">What would be written.</param>
    /// <param name="Trip">Why the breaker would hold it; null where it would not.</param>
    internal sealed record Preview(PolicyWrites Writes, string? Trip);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPut("/authority-rules", SetAsync)
            .WithName("SetAuthorityRule").WithTags("Authority").Needs(Permission.PoliciesWrite)
            .WithSummary("Sets who is the authority for on-hand; preview=true only tells the writes.");
        routes.MapPost("/authority-rules/preview", async Task<Results<Ok<AuthorityPreview>, Refused>> (
                Request request, Caller caller, AuthorityDesk desk, CancellationToken ct) =>
                await CheckAsync(request, caller, desk, ct).ConfigureAwait(false) is { } refused
                    ? refused
                    : TypedResults.Ok(await desk.PreviewAsync(caller.Tenant, Wish(request), ct).ConfigureAwait(false)))
            .WithName("PreviewAuthorityRule").WithTags("Authority").Needs(Permission.PoliciesRead)
            .WithSummary("Says what a rule would change, and where numbers differ.");
        routes.MapDelete("/authority-rules/{id:long}", RemoveAsync)
            .WithName("RemoveAuthorityRule").WithTags("Authority").Needs(Permission.PoliciesWrite)
            .WithSummary("Takes a rule away; a wider one or the connection's own setting counts then.");
    }

    private static async Task<Results<Ok<AuthorityRuleView>, Ok<Preview>, Accepted<ChangeView>, Accepted<RunAccepted>, Refused>> SetAsync(
        Request request, bool? preview, Caller caller, AuthorityDesk desk, RuleWork rules, CancellationToken ct)
    {
        if (await CheckAsync(request, caller, desk, ct).ConfigureAwait(false) is { } refused)
        {
            return refused;
        }

        var change = await desk.ChangeAsync(caller.Tenant, Wish(request), ct).ConfigureAwait(false);
        var (effect, waiting, run, against) = await rules.RunAsync(change, "who is the authority for on-hand", preview == true, ct).ConfigureAwait(false);
        if (waiting is not null)
        {
            return waiting;
        }

        if (effect is null)
        {
            return run is null ? against! : run;
        }

        return preview == true
            ? TypedResults.Ok(new Preview(effect.Writes, effect.Trip))
            : TypedResults.Ok((await desk.FindAsync(caller.Tenant, change, ct).ConfigureAwait(false))!);
    }

    private static async Task<Results<NoContent, Accepted<ChangeView>, Accepted<RunAccepted>, Refused>> RemoveAsync(
        long id, Caller caller, AuthorityDesk desk, RuleWork rules, CancellationToken ct)
    {
        if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } rule)
        {
            return (Refused)Problem.NotFound("authority rule", id);
        }

        var (effect, waiting, run, against) = await rules.RunAsync(
            rule with { Owner = null, Stands = false }, "no rule about the authority for on-hand", previewOnly: false, ct).ConfigureAwait(false);
        if (waiting is not null)
        {
            return waiting;
        }

        if (run is not null)
        {
            return run;
        }

        return effect is null ? against! : TypedResults.NoContent();
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
