using SyncFlow.Channels.Shopify;
using SyncFlow.Core;
using SyncFlow.Core.Faults;
using SyncFlow.Storage.Connections;

namespace SyncFlow.Worker.Connections;

/// <summary>
/// Keeps expiring access good: a pair is renewed a few minutes before it ends, once when a call is refused all the same,
/// and for shops that are not called at all long before their refresh token ends. A shop is renewed by one worker at a
/// time, and whoever waited for that takes what it brought.
/// </summary>
internal sealed class TokenKeeper(
    TokenStore store, CredentialVault vault, IHttpClientFactory clients, Suspension suspension, WorkerOptions options, TimeProvider time,
    ILogger<TokenKeeper> logger) : IDisposable
{
    /// <summary>How long before its end a token is renewed.</summary>
    public static readonly TimeSpan Early = TimeSpan.FromMinutes(5);

    /// <summary>After this a claim counts for nothing: its holder died. Longer than the longest call.</summary>
    private static readonly TimeSpan ClaimLimit = TimeSpan.FromSeconds(60);

    /// <summary>How often somebody who waits for another's renewal looks.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>Wait after a renewal that was not answered.</summary>
    private static readonly TimeSpan RetryWait = TimeSpan.FromSeconds(5);

    /// <summary>Wait after a refusal that speaks of our app: a person has to see to it.</summary>
    private static readonly TimeSpan RefusedWait = TimeSpan.FromMinutes(1);

    /// <summary>Renewals at a time: after an outage every shop wants one.</summary>
    private const int MostAtATime = 16;

    private readonly string _owner = $"{Environment.MachineName}/{Environment.ProcessId}/{Guid.CreateVersion7(time.GetUtcNow())}";

    private readonly SemaphoreSlim _gate = new(MostAtATime);

    private long _claims;

    /// <summary>A token that may be used now, renewed where it is about to end; null where none can be had at present.</summary>
    public async Task<string?> FreshAsync(TenantId tenant, ConnectionId connection, ChannelCredential held, CancellationToken ct)
    {
        bool Ends(ChannelCredential credential) => credential.ExpiresAt - time.GetUtcNow() <= Early;
        if (!Ends(held))
        {
            return held.AccessToken;
        }

        // While the old one still holds, a shop that does not answer just now costs nothing.
        return await RenewAsync(tenant, connection, Ends, ct).ConfigureAwait(false)
            ?? (held.ExpiresAt > time.GetUtcNow() ? held.AccessToken : null);
    }

    /// <summary>Another token than the one that was refused; null where there is none.</summary>
    public Task<string?> AfterRefusalAsync(TenantId tenant, ConnectionId connection, string refused, CancellationToken ct) =>
        RenewAsync(tenant, connection, credential => credential.AccessToken == refused, ct);

    /// <summary>Renews a pair whose refresh token ends before a moment; returns whether it is good beyond that now.</summary>
    public async Task<bool> RefreshIdleAsync(TenantId tenant, ConnectionId connection, DateTimeOffset endsBefore, CancellationToken ct) =>
        await RenewAsync(tenant, connection, credential => credential.RefreshExpiresAt <= endsBefore, ct).ConfigureAwait(false) is not null;

    public void Dispose() => _gate.Dispose();

    private async Task<string?> RenewAsync(
        TenantId tenant, ConnectionId connection, Func<ChannelCredential, bool> needed, CancellationToken ct)
    {
        var until = time.GetUtcNow() + ClaimLimit;
        while (await store.ReadAsync(tenant, connection, ct).ConfigureAwait(false) is { } stored)
        {
            var credential = ChannelCredential.Parse(vault.Open(tenant, connection, stored.Sealed));
            if (!needed(credential))
            {
                return credential.AccessToken;
            }

            if (credential.RefreshToken is null || options.ShopifyApp is null || stored.Rests || time.GetUtcNow() >= until)
            {
                return null;
            }

            if (stored.Claimed)
            {
                await Task.Delay(LookEvery, time, ct).ConfigureAwait(false);
                continue;
            }

            await _gate.WaitAsync(ct).ConfigureAwait(false);
            try
            {
                var claim = $"{_owner}/{Interlocked.Increment(ref _claims)}";
                if (await store.ClaimAsync(tenant, connection, stored.Sealed, claim, ClaimLimit, ct).ConfigureAwait(false)
                    && !await CallAsync(tenant, connection, stored, claim, credential.RefreshToken, ct).ConfigureAwait(false))
                {
                    return null;
                }
            }
            finally
            {
                _gate.Release();
            }
        }

        return null;
    }

    /// <summary>Asks the shop for the next pair and stores it; false where it was refused or not answered.</summary>
    private async Task<bool> CallAsync(
        TenantId tenant, ConnectionId connection, StoredToken stored, string claim, string refreshToken, CancellationToken ct)
    {
        var tokens = new ShopifyTokens(clients.CreateClient(ChannelLinks.HttpClientName), options.ShopifyApp!, time);
        var answer = await tokens.RefreshAsync(stored.Shop, refreshToken, ct).ConfigureAwait(false);
        WorkerMeter.Call("refresh", answer.Fault?.Kind.ToString() ?? "ok");
        if (answer.Succeeded)
        {
            var now = time.GetUtcNow();
            var pair = answer.Value;
            var next = new ChannelCredential(pair.AccessToken, pair.RefreshToken, now + pair.ExpiresIn, now + pair.RefreshExpiresIn);

            // The old refresh token is used up: what it brought is stored although the worker may be stopping meanwhile.
            await store.StoreAsync(
                tenant, connection, claim, vault.Seal(tenant, connection, next.ToText()), next, pair.Scopes,
                CancellationToken.None).ConfigureAwait(false);
            return true;
        }

        var fault = answer.Fault;
        Log.CallFault(logger, tenant.Value, connection.Value, "refresh", fault.Code, fault.Message);
        var wait = fault.Kind is ChannelFaultKind.Unauthorized or ChannelFaultKind.Rejected ? RefusedWait : fault.RetryAfter ?? RetryWait;
        await store.GiveBackAsync(tenant, connection, claim, wait, CancellationToken.None).ConfigureAwait(false);
        if (await store.ReadAsync(tenant, connection, ct).ConfigureAwait(false) is not { } present || !present.Sealed.AsSpan().SequenceEqual(stored.Sealed))
        {
            return true; // Access was given anew meanwhile; the refusal speaks of what was before.
        }

        await suspension.HandleAsync(tenant, connection, "refresh", fault, ct).ConfigureAwait(false);
        return false;
    }
}
