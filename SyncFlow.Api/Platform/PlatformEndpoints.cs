using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Identity;

namespace SyncFlow.Api.Platform;

/// <summary>What super admins see outside tenants.</summary>
internal sealed class ListTenants : IEndpoint
{
    internal sealed record Tenant(long Id, string Name);

    internal sealed record Answer(IReadOnlyList<Tenant> Items);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/platform/tenants", HandleAsync).Needs(Permission.PlatformRead)
        .WithName("ListTenants").WithTags("Platform").WithSummary("Lists the tenants, by name only.");

    private static async Task<Ok<Answer>> HandleAsync(TenantStore store, CancellationToken ct) => TypedResults.Ok(
        new Answer([.. (await store.AllAsync(ct).ConfigureAwait(false)).Select(t => new Tenant(t.Tenant.Value, t.Name))]));
}

/// <summary>
/// A super admin enters a tenant in an emergency. The tenant reads in its audit log who, why, until when and from where,
/// and whatever he changes there carries his name.
/// </summary>
internal sealed class EnterTenant : IEndpoint
{
    private const int ShortestReason = 10;

    private const int LongestReason = 500;

    private const int UsualMinutes = 30;

    private const int MostMinutes = 60;

    /// <param name="Reason">For the tenant, 10 letters or more.</param>
    /// <param name="Minutes">How long, 1 to 60; 30 when left out.</param>
    internal sealed record Request(string? Reason, int Minutes = UsualMinutes);

    internal sealed record Answer(string Token, DateTimeOffset ExpiresAt);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/platform/tenants/{id:long}/enter", HandleAsync)
        .Needs(Permission.PlatformEnter).AnswersSecret()
        .WithName("EnterTenant").WithTags("Platform").WithSummary("Opens a session inside a tenant for at most an hour; the tenant's audit log says so.");

    private static async Task<Results<Ok<Answer>, Refused>> HandleAsync(
        long id, Request request, HttpContext context, Caller caller, TenantStore tenants, SignInStore store, TimeProvider time, CancellationToken ct)
    {
        var reason = request.Reason?.Trim() ?? "";
        var check = new Check()
            .That(reason.Length is >= ShortestReason and <= LongestReason, "reason", $"{ShortestReason} to {LongestReason} letters: the tenant reads it.")
            .That(request.Minutes is >= 1 and <= MostMinutes, "minutes", $"1 to {MostMinutes}.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        if ((await tenants.AllAsync(ct).ConfigureAwait(false)).All(t => t.Tenant != new TenantId(id)))
        {
            return (Refused)Problem.NotFound("tenant", id);
        }

        var token = Secrets.Make(People.SignIn.Kind);
        var expiresAt = time.GetUtcNow().AddMinutes(request.Minutes);
        await store.EnterAsync(id, caller.Id, caller.Name, reason, new NewSession(Secrets.Hash(token), Origins.Of(context), expiresAt), ct)
            .ConfigureAwait(false);
        return TypedResults.Ok(new Answer(token, expiresAt));
    }
}
