using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Webhooks;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Tenancy;

namespace SyncFlow.Api.Tenancy;

/// <summary>
/// A store that has an account of its own joins this tenant: we invite it, its people accept with the code, and we
/// confirm. Only then does it move.
/// </summary>
internal sealed class StoreJoinEndpoints : IEndpoint
{
    private const string Kind = "sfj_";

    private static readonly TimeSpan Life = TimeSpan.FromDays(7);

    internal sealed record InviteRequest(string? Shop);

    internal sealed record AcceptRequest(string? Code);

    /// <param name="Code">For the store's people; shown once.</param>
    internal sealed record Invited(string Code, StoreInvitation Invitation);

    /// <param name="Host">The tenant that the store is to join, once that confirms.</param>
    internal sealed record Accepted(string Host, string Shop);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/store-invitations", ListAsync).Needs(Permission.TenantRead)
            .WithName("ListStoreInvitations").WithTags("Store groups").WithSummary("Lists invitations of stores to join this tenant.");
        routes.MapPost("/store-invitations", InviteAsync).Needs(Permission.TenantManage).AnswersSecret()
            .WithName("InviteStore").WithTags("Store groups").WithSummary("Invites a store that has an account of its own; its people need the code.");
        routes.MapPost("/store-invitations/accept", AcceptAsync).Needs(Permission.ConnectionsManage)
            .WithName("AcceptStoreInvitation").WithTags("Store groups").WithSummary("Accepts an invitation for a store of this tenant, by its code.");
        routes.MapPost("/store-invitations/{id:long}/confirm", ConfirmAsync).Needs(Permission.TenantManage)
            .WithName("ConfirmStoreInvitation").WithTags("Store groups").WithSummary("Confirms what the store accepted: it moves here, and is closed where it was.");
        routes.MapPost("/store-invitations/{id:long}/withdraw", WithdrawAsync).Needs(Permission.TenantManage)
            .WithName("WithdrawStoreInvitation").WithTags("Store groups").WithSummary("Withdraws an invitation that was not confirmed.");
    }

    private static async Task<Ok<Page<StoreInvitation>>> ListAsync(Caller caller, StoreJoinDesk desk, [AsParameters] PageQuery page, CancellationToken ct)
    {
        var items = await desk.ListAsync(caller.Tenant, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }

    private static async Task<Results<Created<Invited>, Refused>> InviteAsync(InviteRequest request, Caller caller, StoreJoinDesk desk, CancellationToken ct)
    {
        if (!ShopDomain.IsValid(request.Shop))
        {
            return (Refused)Problem.Invalid("shop", "A store's permanent domain, for example main-store.myshopify.com.");
        }

        var code = Secrets.Make(Kind);
        var made = await desk.InviteAsync(caller.Tenant, request.Shop!, Secrets.Hash(code), Life, caller.Name, ct).ConfigureAwait(false);
        return TypedResults.Created((string?)null, new Invited(code, made));
    }

    private static async Task<Results<Ok<Accepted>, Refused>> AcceptAsync(AcceptRequest request, Caller caller, StoreJoinDesk desk, CancellationToken ct)
    {
        if (request.Code is not { Length: > 0 and <= Secrets.Longest } code)
        {
            return (Refused)Problem.Invalid("code", "The code of the invitation.");
        }

        return await desk.AcceptAsync(caller.Tenant, Secrets.Hash(code), caller.Name, ct).ConfigureAwait(false) is var (host, shop)
            ? TypedResults.Ok(new Accepted(host, shop))
            : (Refused)new Problem(ProblemKind.NotFound, "There is no open invitation with this code for a store of yours.");
    }

    private static async Task<Results<Ok<ConnectionView>, Refused>> ConfirmAsync(
        long id, Caller caller, StoreJoinDesk desk, BillingDesk billing, QuotaCheck quotas, CredentialVault vault, ConnectionDesk connections, ShopCache shops, CancellationToken ct)
    {
        if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } invitation)
        {
            return (Refused)Problem.NotFound("store invitation", id);
        }

        if (await billing.MayAddStoreAsync(caller.Tenant, ct).ConfigureAwait(false) is { Allowed: false, Why: var why })
        {
            return (Refused)new Problem(ProblemKind.PlanLimit, why!);
        }

        if (await quotas.FullAsync(Quota.Connections, ct).ConfigureAwait(false) is { } full)
        {
            return (Refused)full;
        }

        var outcome = await desk.ConfirmAsync(
            caller.Tenant, id, (from, to, credential) => vault.Seal(to.Item1, to.Item2, vault.Open(from.Item1, from.Item2, credential)), caller.Name, ct)
            .ConfigureAwait(false);
        if (outcome != StoreJoin.Done)
        {
            return (Refused)new Problem(ProblemKind.StateConflict, outcome == StoreJoin.HasHistory
                ? "The store has listings, orders or no access in its own account; only one that was not put into service yet can join."
                : "The store has not accepted, or the invitation is over.");
        }

        shops.Forget(invitation.Shop);
        var moved = (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false))!;
        return TypedResults.Ok((await connections.FindAsync(caller.Tenant, moved.ConnectionId!.Value, ct).ConfigureAwait(false))!);
    }

    private static async Task<Results<NoContent, Refused>> WithdrawAsync(long id, Caller caller, StoreJoinDesk desk, CancellationToken ct) =>
        await desk.WithdrawAsync(caller.Tenant, id, ct).ConfigureAwait(false) ? TypedResults.NoContent() : (Refused)Problem.NotFound("open store invitation", id);
}
