using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Tenancy;

namespace SyncFlow.Api.Tenancy;

/// <summary>Refuses what would be more than the tenant may have.</summary>
internal sealed class QuotaCheck(Caller caller, TenantDesk desk)
{
    /// <summary>The refusal; null where one more fits.</summary>
    public async Task<Problem?> FullAsync(Quota quota, CancellationToken ct)
    {
        var use = (await desk.UseAsync(caller.Tenant, ct).ConfigureAwait(false)).Single(u => u.Quota == quota);
        return use.Used < use.Most
            ? null
            : new Problem(ProblemKind.QuotaReached, $"There are {use.Used} of at most {use.Most}.")
            {
                More = new Dictionary<string, object> { ["quota"] = quota, ["used"] = use.Used, ["most"] = use.Most },
            };
    }
}
