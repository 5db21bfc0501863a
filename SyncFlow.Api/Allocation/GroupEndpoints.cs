using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.Core;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Allocation;

/// <summary>Groups of SKUs.</summary>
internal sealed class ReadGroups : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/sku-groups", async Task<Ok<Page<GroupView>>> (
                Caller caller, GroupDesk desk, [AsParameters] PageQuery page, CancellationToken ct) =>
            {
                var groups = await desk.ListAsync(new TenantId(caller.Tenant), page.AfterText(), page.ReadCount, ct).ConfigureAwait(false);
                return TypedResults.Ok(page.Of(groups, g => SkuDesk.KeyOf(g.Code)));
            })
            .WithName("ListSkuGroups").WithTags("Allocation").Needs(Permission.CatalogRead)
            .WithSummary("Lists groups of SKUs.");
        routes.MapGet("/sku-groups/{group}", async Task<Results<Ok<GroupView>, Refused>> (
                string group, Caller caller, GroupDesk desk, CancellationToken ct) =>
                await desk.FindAsync(new TenantId(caller.Tenant), SkuCode.FromRoute(group), ct).ConfigureAwait(false) is { } found
                    ? TypedResults.Ok(found)
                    : (Refused)Problem.NotFound("group", group))
            .WithName("GetSkuGroup").WithTags("Allocation").Needs(Permission.CatalogRead)
            .WithSummary("Reads a group of SKUs.");
    }
}

/// <summary>Makes a group, and moves SKUs into it and out of it; those that move are planned again. A change that the breaker holds waits (202).</summary>
internal sealed class ChangeGroup : IEndpoint
{
    private const int LongestName = 200;

    internal sealed record New(string? Code, string? Name);

    internal sealed record Change(string? Name);

    /// <param name="Add">Codes of SKUs to put in, out of whatever other group they were in.</param>
    /// <param name="Remove">Codes of SKUs to take out.</param>
    internal sealed record Members(IReadOnlyList<string>? Add, IReadOnlyList<string>? Remove);

    /// <param name="Moved">How many SKUs are in another group than before, or in none.</param>
    /// <inheritdoc cref="RuleEffect"/>
    internal sealed record Answer(GroupView Group, int Moved, PolicyWrites Writes, long? ChangeId, string? Trip);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/sku-groups", CreateAsync)
            .WithName("CreateSkuGroup").WithTags("Allocation").Needs(Permission.CatalogWrite)
            .WithSummary("Makes a group of SKUs.");
        routes.MapPatch("/sku-groups/{group}", RenameAsync)
            .WithName("RenameSkuGroup").WithTags("Allocation").Needs(Permission.CatalogWrite)
            .WithSummary("Gives a group of SKUs another name.");
        routes.MapPost("/sku-groups/{group}/members", MoveAsync)
            .WithName("MoveSkus").WithTags("Allocation").Needs(Permission.CatalogWrite)
            .WithSummary("Puts SKUs into a group and takes SKUs out of it; preview=true only tells the writes.");
    }

    private static async Task<Results<Created<GroupView>, Refused>> CreateAsync(
        New request, Caller caller, GroupDesk desk, CancellationToken ct)
    {
        if (new Check().Text(request.Code, "code", SkuCode.Longest).Optional(request.Name, "name", LongestName).Failed(out var refused))
        {
            return refused;
        }

        var group = await desk.CreateAsync(new TenantId(caller.Tenant), request.Code!, request.Name?.Trim() ?? "", ct).ConfigureAwait(false);
        return group is null
            ? (Refused)new Problem(ProblemKind.AlreadyExists, $"There is a group {request.Code}.")
            : TypedResults.Created($"/api/v1/sku-groups/{Uri.EscapeDataString(group.Code)}", group);
    }

    private static async Task<Results<Ok<GroupView>, Refused>> RenameAsync(
        string group, Change request, Caller caller, GroupDesk desk, CancellationToken ct)
    {
        if (new Check().Text(request.Name, "name", LongestName).Failed(out var refused))
        {
            return refused;
        }

        return await desk.RenameAsync(new TenantId(caller.Tenant), SkuCode.FromRoute(group), request.Name!.Trim(), ct).ConfigureAwait(false) is { } renamed
            ? TypedResults.Ok(renamed)
            : (Refused)Problem.NotFound("group", group);
    }

    private static async Task<Results<Ok<Answer>, Accepted<ChangeView>, Refused>> MoveAsync(
        string group, Members request, bool? preview, Caller caller, GroupDesk desk, RuleWork rules, CancellationToken ct)
    {
        var (add, remove) = (request.Add ?? [], request.Remove ?? []);
        var check = new Check()
            .That(add.Count + remove.Count is > 0 and <= GroupDesk.MostMoved, "add", $"1 to {GroupDesk.MostMoved} SKUs at a time, with those to remove.")
            .That(!add.Any(string.IsNullOrWhiteSpace), "add", "A code is a text.")
            .That(!remove.Any(string.IsNullOrWhiteSpace), "remove", "A code is a text.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var tenant = new TenantId(caller.Tenant);
        if (await desk.FindAsync(tenant, SkuCode.FromRoute(group), ct).ConfigureAwait(false) is not { } found)
        {
            return (Refused)Problem.NotFound("group", group);
        }

        var (change, unknown) = await desk.MovesAsync(tenant, found.Id, add, remove, ct).ConfigureAwait(false);
        if (unknown is not null)
        {
            return (Refused)Problem.Invalid(add.Contains(unknown) ? "add" : "remove", $"There is no SKU '{unknown}'.");
        }

        var (effect, waiting, _, against) = await rules.RunAsync(change, $"SKUs of group {found.Code}", preview == true, ct).ConfigureAwait(false);
        if (effect is null)
        {
            return waiting is null ? against! : waiting;
        }

        return TypedResults.Ok(new Answer(
            (await desk.FindAsync(tenant, found.Code, ct).ConfigureAwait(false))!, change.Members.Length, effect.Writes, effect.ChangeId, effect.Trip));
    }
}
