using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Allocation;

/// <summary>Finds what a scope in an address is about.</summary>
internal sealed class ScopeNames(Caller caller, GroupDesk groups, SkuDesk skus)
{
    /// <summary>The number of the group or SKU, 0 for the tenant; or the answer where there is none of this code.</summary>
    public async Task<(long Of, Refused? Refused)> FindAsync(PolicyScope scope, string? code, CancellationToken ct)
    {
        switch (scope)
        {
            case PolicyScope.Tenant:
                return (0, null);
            case PolicyScope.Group:
                var group = await groups.FindAsync(new TenantId(caller.Tenant), SkuCode.FromRoute(code!), ct).ConfigureAwait(false);
                return group is null ? (0, Problem.NotFound("group", code!)) : (group.Id, null);
            case PolicyScope.Sku:
                var sku = await skus.FindAsync(caller.Tenant, SkuCode.FromRoute(code!), ct).ConfigureAwait(false);
                return sku is null ? (0, Problem.NotFound("SKU", code!)) : (sku.Id, null);
            default:
                throw new ArgumentOutOfRangeException(nameof(scope), scope, "Unknown scope.");
        }
    }
}
