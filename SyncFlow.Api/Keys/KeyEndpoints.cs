using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Tenancy;
using SyncFlow.Storage.Identity;
using SyncFlow.Storage.Tenancy;

namespace SyncFlow.Api.Keys;

/// <summary>A key that was made; the only time that the key itself is shown.</summary>
internal sealed record MadeKey(string Key, ApiKeyView ApiKey);

/// <summary>Reads API keys; the keys themselves are not kept.</summary>
internal sealed class ReadKeys : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api-keys", ListAsync).Needs(Permission.KeysRead)
            .WithName("ListApiKeys").WithTags("API keys").WithSummary("Lists API keys with scopes, expiry and last use.");
        routes.MapGet("/api-keys/{id:long}", GetAsync).Needs(Permission.KeysRead)
            .WithName("GetApiKey").WithTags("API keys").WithSummary("Reads an API key.");
    }

    private static async Task<Ok<Page<ApiKeyView>>> ListAsync(Caller caller, ApiKeyDesk desk, [AsParameters] PageQuery page, CancellationToken ct)
    {
        var items = await desk.ListAsync(caller.Tenant, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }

    private static async Task<Results<Ok<ApiKeyView>, Refused>> GetAsync(long id, Caller caller, ApiKeyDesk desk, CancellationToken ct) =>
        Found.Of(await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false), "API key", id);
}

/// <summary>Makes, rotates and takes back API keys.</summary>
internal sealed class ManageKeys : IEndpoint
{
    private static readonly TimeSpan LongestOverlap = TimeSpan.FromDays(30);

    /// <param name="OverlapMinutes">How long the old key goes on; a day when left out, 0 for not at all.</param>
    /// <param name="ExpiresAt">Until when the new key goes; as the old one when left out.</param>
    internal sealed record RotateRequest(int? OverlapMinutes, DateTimeOffset? ExpiresAt);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api-keys", CreateAsync).Needs(Permission.KeysManage).AnswersSecret()
            .WithName("CreateApiKey").WithTags("API keys").WithSummary("Makes an API key; the answer is the only place where it is shown.");
        routes.MapPost("/api-keys/{id:long}/rotate", RotateAsync).Needs(Permission.KeysManage).AnswersSecret()
            .WithName("RotateApiKey").WithTags("API keys").WithSummary("Makes a key in another's place; the old one goes on for the overlap.");
        routes.MapPost("/api-keys/{id:long}/revoke", RevokeAsync).Needs(Permission.KeysManage)
            .WithName("RevokeApiKey").WithTags("API keys").WithSummary("Takes an API key back at once.");
    }

    private static async Task<Results<Created<MadeKey>, Refused>> CreateAsync(
        KeyInput request, Caller caller, ApiKeyDesk desk, OwnLocations locations, QuotaCheck quotas, TimeProvider time, CancellationToken ct)
    {
        var check = new Check();
        request.Describe(check, time.GetUtcNow());
        await locations.CheckAsync(request.LocationIds, check, ct).ConfigureAwait(false);
        if (check.Failed(out var refused))
        {
            return refused;
        }

        if (Scopes.Of(request.Scopes!).Without(caller.Permissions).ToList() is [var more, ..])
        {
            return (Refused)new Problem(ProblemKind.Forbidden, $"You cannot give what you do not hold: '{more.Text()}'.");
        }

        if (!caller.MayGive(request.LocationIds))
        {
            return (Refused)new Problem(
                ProblemKind.Forbidden, "You cannot give locations that are not yours: name some of yours as locationIds; left out, they are all.");
        }

        if (await quotas.FullAsync(Quota.ApiKeys, ct).ConfigureAwait(false) is { } full)
        {
            return (Refused)full;
        }

        var secret = Secrets.Make(Secrets.Key);
        var made = await desk.CreateAsync(
            caller.Tenant,
            new NewApiKey(
                request.Kind, request.Name!.Trim(), request.Partner?.Trim(), [.. request.Scopes!.Distinct()], request.LocationIds, request.ExpiresAt,
                Secrets.Hash(secret), Secrets.Hint(secret)),
            caller.Name, ct).ConfigureAwait(false);
        return TypedResults.Created($"/api/v1/api-keys/{made.Id}", new MadeKey(secret, made));
    }

    private static async Task<Results<Created<MadeKey>, Refused>> RotateAsync(
        long id, RotateRequest? request, Caller caller, ApiKeyDesk desk, TimeProvider time, CancellationToken ct)
    {
        var overlap = request?.OverlapMinutes ?? (int)TimeSpan.FromDays(1).TotalMinutes;
        if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } old)
        {
            return (Refused)Problem.NotFound("API key", id);
        }

        var check = new Check().That(
            overlap >= 0 && overlap <= LongestOverlap.TotalMinutes, "overlapMinutes", $"From 0 to {LongestOverlap.TotalMinutes}.");
        KeyInput.CheckExpiry(request?.ExpiresAt ?? old.ExpiresAt, old.Kind, time.GetUtcNow(), check);
        if (check.Failed(out var refused))
        {
            return refused;
        }

        if (MayDoMore(old, caller))
        {
            return (Refused)TooMuch();
        }

        var secret = Secrets.Make(Secrets.Key);
        var made = await desk.RotateAsync(
            caller.Tenant, id, Secrets.Hash(secret), Secrets.Hint(secret), request?.ExpiresAt, TimeSpan.FromMinutes(overlap), caller.Name, ct)
            .ConfigureAwait(false);
        return made is null
            ? (Refused)new Problem(ProblemKind.StateConflict, "The key was taken back, has expired or was rotated already.")
            : TypedResults.Created($"/api/v1/api-keys/{made.Id}", new MadeKey(secret, made));
    }

    private static async Task<Results<Ok<ApiKeyView>, Refused>> RevokeAsync(long id, Caller caller, ApiKeyDesk desk, CancellationToken ct)
    {
        if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } key)
        {
            return (Refused)Problem.NotFound("API key", id);
        }

        var own = caller.Kind is CallerKind.Key or CallerKind.Partner && caller.Id == id;
        return own || !MayDoMore(key, caller)
            ? Found.Of(await desk.RevokeAsync(caller.Tenant, id, ct).ConfigureAwait(false), "API key", id)
            : (Refused)TooMuch();
    }

    private static bool MayDoMore(ApiKeyView key, Caller caller) =>
        !caller.Permissions.Covers(Scopes.Of(key.Scopes)) || !caller.MayGive(key.LocationIds);

    private static Problem TooMuch() => new(ProblemKind.Forbidden, "The key may do more than you, or at locations that are not yours.");
}
