using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core.Permissions;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Tenancy;

namespace SyncFlow.Api.Tenancy;

/// <summary>What stores may do: be read, be written to, both or neither, over all topics or one by one.</summary>
internal sealed class SyncPermissionEndpoints : IEndpoint
{
    private static readonly string[] Topics = ["*", .. Enum.GetNames<SyncTopic>().Select(name => name.ToLowerInvariant())];

    /// <param name="Topics">Direction by topic: <c>*</c>, <c>orders</c>, <c>levels</c>, <c>catalog</c>. Empty says nothing any more.</param>
    internal sealed record Request(IReadOnlyDictionary<string, SyncDirection>? Topics);

    /// <param name="Topics">What was said.</param>
    internal sealed record GroupAnswer(IReadOnlyDictionary<string, SyncDirection> Topics);

    /// <param name="Topics">What was said about the store itself.</param>
    /// <param name="InForce">What counts, its groups included.</param>
    internal sealed record StoreAnswer(IReadOnlyDictionary<string, SyncDirection> Topics, SyncPermissions InForce);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/store-groups/{id:long}/permissions", (long id, Work work, CancellationToken ct) => work.OfGroupAsync(id, ct)).Needs(Permission.TenantRead)
            .WithName("GetGroupPermissions").WithTags("Store groups").WithSummary("Reads what the stores of a group may do.");
        routes.MapPut("/store-groups/{id:long}/permissions", (long id, Request request, Work work, CancellationToken ct) => work.SetGroupAsync(id, request, ct))
            .Needs(Permission.TenantManage)
            .WithName("SetGroupPermissions").WithTags("Store groups").WithSummary("Says what the stores of a group may do, by topic.");
        routes.MapGet("/connections/{id:long}/permissions", (long id, Work work, CancellationToken ct) => work.OfStoreAsync(id, ct)).Needs(Permission.TenantRead)
            .WithName("GetStorePermissions").WithTags("Store groups").WithSummary("Reads what a store may do, and what counts with its groups.");
        routes.MapPut("/connections/{id:long}/permissions", (long id, Request request, Work work, CancellationToken ct) => work.SetStoreAsync(id, request, ct))
            .Needs(Permission.TenantManage)
            .WithName("SetStorePermissions").WithTags("Store groups").WithSummary("Says what a store may do, by topic; it counts before its groups.");
    }

    internal sealed class Work(Caller caller, StoreGroupDesk desk, ConnectionDesk connections, WakeUps wakeUps)
    {
        public async Task<Results<Ok<GroupAnswer>, Refused>> OfGroupAsync(long id, CancellationToken ct) =>
            await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null
                ? (Refused)Problem.NotFound("store group", id)
                : TypedResults.Ok(new GroupAnswer(ByTopic(await desk.OwnAsync(caller.Tenant, id, null, ct).ConfigureAwait(false))));

        public async Task<Results<Ok<StoreAnswer>, Refused>> OfStoreAsync(long id, CancellationToken ct)
        {
            if (await connections.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null)
            {
                return (Refused)Problem.NotFound("connection", id);
            }

            var found = await desk.PermissionsAsync(caller.Tenant, id, ct).ConfigureAwait(false);
            return TypedResults.Ok(new StoreAnswer(ByTopic(found.Own), found.InForce));
        }

        public async Task<Results<Ok<GroupAnswer>, Refused>> SetGroupAsync(long id, Request request, CancellationToken ct)
        {
            if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null)
            {
                return (Refused)Problem.NotFound("store group", id);
            }

            if (Wrong(request).Failed(out var refused))
            {
                return refused;
            }

            await SetAsync(id, null, request, ct).ConfigureAwait(false);
            return await OfGroupAsync(id, ct).ConfigureAwait(false);
        }

        public async Task<Results<Ok<StoreAnswer>, Refused>> SetStoreAsync(long id, Request request, CancellationToken ct)
        {
            if (await connections.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is null)
            {
                return (Refused)Problem.NotFound("connection", id);
            }

            if (Wrong(request).Failed(out var refused))
            {
                return refused;
            }

            await SetAsync(null, id, request, ct).ConfigureAwait(false);
            return await OfStoreAsync(id, ct).ConfigureAwait(false);
        }

        private async Task SetAsync(long? group, long? connection, Request request, CancellationToken ct)
        {
            await desk.SetAsync(caller.Tenant, group, connection, [.. request.Topics!.Select(t => new TopicPermission(t.Key, t.Value))], ct).ConfigureAwait(false);
            _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
        }

        private static Check Wrong(Request request)
        {
            var check = new Check().That(request.Topics is not null, "topics", "Directions by topic; empty to say nothing.");
            foreach (var topic in (request.Topics?.Keys ?? []).Except(Topics, StringComparer.Ordinal).Take(10))
            {
                check.That(false, "topics", $"There is no topic '{topic}'; there are: {string.Join(", ", Topics)}.");
            }

            return check;
        }

        private static Dictionary<string, SyncDirection> ByTopic(IEnumerable<TopicPermission> said) => said.ToDictionary(t => t.Topic, t => t.Direction);
    }
}
