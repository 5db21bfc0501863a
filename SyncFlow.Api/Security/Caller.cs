using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Security;

/// <summary>Who asks; one per request. The tenant comes from the key, never from the request.</summary>
internal sealed class Caller
{
    private ApiKey? key;

    /// <summary>The caller's tenant.</summary>
    /// <exception cref="InvalidOperationException">The request was not authenticated: the route stands outside the guard.</exception>
    public long Tenant => Key.TenantId;

    /// <summary>Name of the key, for the audit log.</summary>
    public string Name => Key.Name;

    /// <summary>The request's idempotency key, claimed for it; null where it has none.</summary>
    public string? IdempotencyKey { get; set; }

    private ApiKey Key => key ?? throw new InvalidOperationException("The request has no caller.");

    public void Identify(ApiKey found) => key = found;
}
