using System.Collections.Immutable;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Allocation;

/// <summary>Kits and what they are made of.</summary>
internal sealed class ReadKits : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/kits", async Task<Results<Ok<Page<KitView>>, Refused>> (
                Caller caller, KitDesk desk, SkuDesk skus, [AsParameters] PageQuery page, string? part, CancellationToken ct) =>
            {
                var named = part is null ? null : await skus.FindAsync(caller.Tenant, part, ct).ConfigureAwait(false);
                if (part is not null && named is null)
                {
                    return (Refused)Problem.Invalid("part", "There is no such SKU.");
                }

                var kits = await desk.ListAsync(
                    new TenantId(caller.Tenant), named is null ? null : new SkuId(named.Id), page.AfterText(), page.ReadCount, ct)
                    .ConfigureAwait(false);
                return TypedResults.Ok(page.Of(kits, k => SkuDesk.KeyOf(k.Sku)));
            })
            .WithName("ListKits").WithTags("Kits").Needs(Permission.CatalogRead)
            .WithSummary("Lists kits; part narrows to those that name a SKU.");
        routes.MapGet("/skus/{sku}/components", async Task<Results<Ok<KitView>, Refused>> (
                string sku, Caller caller, KitDesk desk, SkuDesk skus, HttpResponse response, CancellationToken ct) =>
            {
                if (await skus.FindAsync(caller.Tenant, SkuCode.FromRoute(sku), ct).ConfigureAwait(false) is not { } found)
                {
                    return (Refused)Problem.NotFound("SKU", sku);
                }

                var kit = await desk.FindAsync(new TenantId(caller.Tenant), new SkuId(found.Id), ct).ConfigureAwait(false);
                response.Headers.ETag = RuleWork.ETagOf(kit.Version);
                return TypedResults.Ok(kit);
            })
            .WithName("GetComponents").WithTags("Kits").Needs(Permission.CatalogRead)
            .WithSummary("Reads what a SKU is made of.");
    }
}

/// <summary>
/// Makes a SKU a kit of others, changes what it is made of, or makes it an ordinary SKU again (an empty list). With
/// <c>If-Match</c> it is refused where somebody else changed it since; a change that the breaker holds waits (202).
/// </summary>
internal sealed class SetKit : IEndpoint
{
    internal sealed record Request(IReadOnlyList<Part>? Components);

    /// <param name="Sku">Code of the part.</param>
    /// <param name="Units">Units of it in one unit of the kit.</param>
    internal sealed record Part(string? Sku, int? Units);

    /// <param name="Kit">As it stands.</param>
    /// <param name="Writes">What would be written.</param>
    /// <param name="Trip">Why the breaker would hold the change; null where it would not.</param>
    internal sealed record Preview(KitView Kit, PolicyWrites Writes, string? Trip);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPut("/skus/{sku}/components", HandleAsync)
        .WithName("SetComponents").WithTags("Kits").Needs(Permission.CatalogWrite).HeedsIfMatch()
            .WithSummary("Sets what a kit is made of; an empty list makes it an ordinary SKU. preview=true only tells the writes.");

    private static async Task<Results<Ok<KitView>, Ok<Preview>, Accepted<ChangeView>, Refused>> HandleAsync(
        string sku, Request request, bool? preview, Caller caller, KitDesk desk, SkuDesk skus, ReservationDesk codes, RuleWork rules, CancellationToken ct)
    {
        var parts = request.Components ?? [];
        var check = new Check()
            .That(request.Components is not null, "components", "A list is needed; an empty one makes it an ordinary SKU.")
            .That(parts.Count <= KitLimits.MostComponents, "components", $"At most {KitLimits.MostComponents} components.");
        for (var i = 0; i < Math.Min(parts.Count, KitLimits.MostComponents); i++)
        {
            check.Text(parts[i].Sku, $"components[{i}].sku", SkuCode.Longest)
                .That(parts[i].Units is not null, $"components[{i}].units", "A number is needed.");
        }

        if (check.Failed(out var refused))
        {
            return refused;
        }

        if (await skus.FindAsync(caller.Tenant, SkuCode.FromRoute(sku), ct).ConfigureAwait(false) is not { } kit)
        {
            return (Refused)Problem.NotFound("SKU", sku);
        }

        var known = await codes.SkusAsync(caller.Tenant, parts.Select(p => p.Sku!), ct).ConfigureAwait(false);
        for (var i = 0; i < parts.Count; i++)
        {
            check.That(known.ContainsKey(SkuDesk.KeyOf(parts[i].Sku!)), $"components[{i}].sku", "There is no such SKU.");
        }

        if (check.Failed(out refused))
        {
            return refused;
        }

        ImmutableArray<Component> components = [.. parts.Select(p => new Component(known[SkuDesk.KeyOf(p.Sku!)], p.Units!.Value))];
        var (effect, waiting, _, against) = await rules.RunAsync(
            new KitChange(new SkuId(kit.Id), components), $"components of {kit.Code}", preview == true, ct).ConfigureAwait(false);
        if (effect is null)
        {
            return waiting is null ? against! : waiting;
        }

        var view = await desk.FindAsync(new TenantId(caller.Tenant), new SkuId(kit.Id), ct).ConfigureAwait(false);
        rules.Tag(view.Version);
        return preview == true ? TypedResults.Ok(new Preview(view, effect.Writes, effect.Trip)) : TypedResults.Ok(view);
    }
}
