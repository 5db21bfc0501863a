using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Storage.Allocation;

namespace SyncFlow.Api.Allocation;

/// <summary>Allocation policies in force, and every version of one.</summary>
internal sealed class ReadPolicies : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/policies/allocation", ListAsync)
            .WithName("ListAllocationPolicies").WithTags("Allocation").Needs(Permission.PoliciesRead)
            .WithSummary("Lists the allocation policies in force.");
        routes.MapGet("/policies/allocation/tenant/versions", (Caller caller, ScopeNames names, PolicyDesk desk, [AsParameters] PageQuery page, CancellationToken ct) =>
                VersionsAsync(PolicyScope.Tenant, null, caller, names, desk, page, ct))
            .WithName("ListTenantPolicyVersions").WithTags("Allocation").Needs(Permission.PoliciesRead)
            .WithSummary("Lists every version of the tenant's policy, newest first.");
        routes.MapGet("/policies/allocation/groups/{group}/versions", (string group, Caller caller, ScopeNames names, PolicyDesk desk, [AsParameters] PageQuery page, CancellationToken ct) =>
                VersionsAsync(PolicyScope.Group, group, caller, names, desk, page, ct))
            .WithName("ListGroupPolicyVersions").WithTags("Allocation").Needs(Permission.PoliciesRead)
            .WithSummary("Lists every version of a group's policy, newest first.");
        routes.MapGet("/policies/allocation/skus/{sku}/versions", (string sku, Caller caller, ScopeNames names, PolicyDesk desk, [AsParameters] PageQuery page, CancellationToken ct) =>
                VersionsAsync(PolicyScope.Sku, sku, caller, names, desk, page, ct))
            .WithName("ListSkuPolicyVersions").WithTags("Allocation").Needs(Permission.PoliciesRead)
            .WithSummary("Lists every version of a SKU's policy, newest first.");
    }

    private static async Task<Ok<Page<PolicyView>>> ListAsync(
        Caller caller, PolicyDesk desk, [AsParameters] PageQuery page, CancellationToken ct)
    {
        var found = await desk.ListAsync(new TenantId(caller.Tenant), After(page), page.ReadCount, ct).ConfigureAwait(false);
        var read = page.Of(found, f => string.Create(CultureInfo.InvariantCulture, $"{(short)f.View.Scope}:{f.Of}"));
        return TypedResults.Ok(new Page<PolicyView>([.. read.Items.Select(f => f.View)], read.Next));
    }

    private static (PolicyScope Scope, long Of) After(PageQuery page)
    {
        if (page.AfterText() is not { } text)
        {
            return (0, 0);
        }

        return text.Split(':') is [var scope, var of]
            && short.TryParse(scope, CultureInfo.InvariantCulture, out var s) && long.TryParse(of, CultureInfo.InvariantCulture, out var o)
            ? ((PolicyScope)s, o)
            : throw PageQuery.NotOurs();
    }

    private static async Task<Results<Ok<Page<PolicyView>>, Refused>> VersionsAsync(
        PolicyScope scope, string? code, Caller caller, ScopeNames names, PolicyDesk desk, PageQuery page, CancellationToken ct)
    {
        var (of, refused) = await names.FindAsync(scope, code, ct).ConfigureAwait(false);
        if (refused is not null)
        {
            return refused;
        }

        var found = await desk.VersionsAsync(
            new TenantId(caller.Tenant), scope, of, (int?)page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(found, v => v.Version));
    }
}
