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
        var use = await UseAsync(quota, ct).ConfigureAwait(false);
        return use.Used < use.Most ? null : Refusal(use);
    }

    /// <summary>What the tenant has and may have.</summary>
    public Task<QuotaUse> UseAsync(Quota quota, CancellationToken ct) => desk.UseAsync(caller.Tenant, quota, ct);

    /// <summary>The refusal of more than may be had.</summary>
    public static Problem Refusal(QuotaUse use) => new(ProblemKind.QuotaReached, $"There are {use.Used} of at most {use.Most}.")
    {
        More = new Dictionary<string, object> { ["quota"] = use.Quota, ["used"] = use.Used, ["most"] = use.Most },
    };
}
