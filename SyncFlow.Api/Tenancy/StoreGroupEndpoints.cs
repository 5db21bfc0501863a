using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Tenancy;

namespace SyncFlow.Api.Tenancy;

/// <summary>Groups of stores that are treated alike.</summary>
internal sealed class StoreGroupEndpoints : IEndpoint
{
    private const int LongestName = 100;

    private const int MostStores = 1_000;

    internal sealed record CreateRequest(string? Name, IReadOnlyList<long>? ConnectionIds);

    internal sealed record StoresRequest(IReadOnlyList<long>? ConnectionIds);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/store-groups", ListAsync).Needs(Permission.TenantRead)
            .WithName("ListStoreGroups").WithTags("Store groups").WithSummary("Lists groups of stores.");
        routes.MapGet("/store-groups/{id:long}", (long id, Work work, CancellationToken ct) => work.FindAsync(id, ct)).Needs(Permission.TenantRead)
            .WithName("GetStoreGroup").WithTags("Store groups").WithSummary("Reads a group of stores.");
        routes.MapPost("/store-groups", (CreateRequest request, Work work, CancellationToken ct) => work.CreateAsync(request, ct))
            .Needs(Permission.TenantManage)
            .WithName("CreateStoreGroup").WithTags("Store groups").WithSummary("Makes a group of stores.");
        routes.MapPut("/store-groups/{id:long}/stores", (long id, StoresRequest request, Work work, CancellationToken ct) => work.SetStoresAsync(id, request, ct))
            .Needs(Permission.TenantManage)
            .WithName("SetStoresOfGroup").WithTags("Store groups").WithSummary("Sets which stores belong to a group.");
        routes.MapDelete("/store-groups/{id:long}", (long id, Work work, CancellationToken ct) => work.RemoveAsync(id, ct)).Needs(Permission.TenantManage)
            .WithName("RemoveStoreGroup").WithTags("Store groups").WithSummary("Takes a group away, with what was said about it; its stores stay.");
    }

    private static async Task<Ok<Page<StoreGroupView>>> ListAsync(Caller caller, StoreGroupDesk desk, [AsParameters] PageQuery page, CancellationToken ct)
    {
        var items = await desk.ListAsync(caller.Tenant, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }

    internal sealed class Work(Caller caller, StoreGroupDesk desk, QuotaCheck quotas, WakeUps wakeUps)
    {
        public async Task<Results<Ok<StoreGroupView>, Refused>> FindAsync(long id, CancellationToken ct) =>
            await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is { } found ? TypedResults.Ok(found) : (Refused)Problem.NotFound("store group", id);

        public async Task<Results<Created<StoreGroupView>, Refused>> CreateAsync(CreateRequest request, CancellationToken ct)
        {
            var check = new Check().Text(request.Name, "name", LongestName);
            await CheckStoresAsync(request.ConnectionIds ?? [], check, ct).ConfigureAwait(false);
            if (check.Failed(out var refused))
            {
                return refused;
            }

            if (await quotas.FullAsync(Quota.StoreGroups, ct).ConfigureAwait(false) is { } full)
            {
                return (Refused)full;
            }

            return await desk.CreateAsync(caller.Tenant, request.Name!.Trim(), [.. request.ConnectionIds ?? []], ct).ConfigureAwait(false) is { } id
                ? TypedResults.Created($"/api/v1/store-groups/{id}", (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false))!)
                : (Refused)new Problem(ProblemKind.AlreadyExists, $"There is a group named {request.Name}.");
        }

        public async Task<Results<Ok<StoreGroupView>, Refused>> SetStoresAsync(long id, StoresRequest request, CancellationToken ct)
        {
            if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null)
            {
                return (Refused)Problem.NotFound("store group", id);
            }

            var check = new Check().That(request.ConnectionIds is not null, "connectionIds", "A list, which may be empty.");
            await CheckStoresAsync(request.ConnectionIds ?? [], check, ct).ConfigureAwait(false);
            if (check.Failed(out var refused))
            {
                return refused;
            }

            await desk.SetStoresAsync(caller.Tenant, id, [.. request.ConnectionIds!], ct).ConfigureAwait(false);
            _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
            return TypedResults.Ok((await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false))!);
        }

        public async Task<Results<NoContent, Refused>> RemoveAsync(long id, CancellationToken ct)
        {
            var gone = await desk.RemoveAsync(caller.Tenant, id, ct).ConfigureAwait(false);
            _ = gone ? wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant) : Task.CompletedTask;
            return gone ? TypedResults.NoContent() : (Refused)Problem.NotFound("store group", id);
        }

        private async Task CheckStoresAsync(IReadOnlyList<long> ids, Check check, CancellationToken ct)
        {
            check.That(ids.Count <= MostStores, "connectionIds", $"At most {MostStores}.");
            if (check.Holds)
            {
                var known = await desk.KnownAsync(caller.Tenant, [.. ids], ct).ConfigureAwait(false);
                check.That(ids.All(known.Contains), "connectionIds", "One of them is no connection of yours.");
            }
        }
    }
}
