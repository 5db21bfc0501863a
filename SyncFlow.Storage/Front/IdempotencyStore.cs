using Npgsql;

namespace SyncFlow.Storage.Front;

/// <summary>What is known of an idempotency key.</summary>
public enum IdempotencyState
{
    /// <summary>New: the caller holds it now and must complete or release it.</summary>
    Claimed,

    /// <summary>Its first request has not been answered.</summary>
    Running,

    /// <summary>It was used with another request.</summary>
    OtherRequest,

    /// <summary>It was answered; the answer is to be given again.</summary>
    Answered,
}

/// <summary>An answer that was given.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">Body; empty where there was none.</param>
public sealed record StoredAnswer(int Status, string Body);

/// <summary>Idempotency keys of writes: same key and request give the same answer.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock that tells a claim whose holder must have died.</param>
public sealed class IdempotencyStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>A claim older than this belongs to a process that died; longer than any request may take.</summary>
    public static readonly TimeSpan ClaimLife = TimeSpan.FromMinutes(2);

    /// <summary>How long a key is known; after that it is a new one. The purge forgets what is older (<c>purge_step</c>).</summary>
    public static readonly TimeSpan KeyLife = TimeSpan.FromDays(7);

    /// <summary>Claims a key for a request, or says what became of its first use.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="key">As the caller sent it.</param>
    /// <param name="requestHash">SHA-256 of method, path, precondition, the locations that the caller is held to, and body.</param>
    /// <param name="ct">Ends the call.</param>
    public async Task<(IdempotencyState State, StoredAnswer? Answer)> ClaimAsync(
        long tenant, string key, byte[] requestHash, CancellationToken ct)
    {
        const string claim =
            """
            INSERT INTO idempotency_keys (tenant_id, idem_key, request_hash, status, response, created_at)
            VALUES ($1, $2, $3, 0, NULL, $4)
            ON CONFLICT (tenant_id, idem_key) DO UPDATE SET created_at = excluded.created_at
              WHERE idempotency_keys.status = 0 AND idempotency_keys.created_at < $5
                AND idempotency_keys.request_hash = excluded.request_hash
            """;
        const string look = "SELECT request_hash, status, response FROM idempotency_keys WHERE tenant_id = $1 AND idem_key = $2";
        var now = time.GetUtcNow();
        if (await source.ExecuteAsync(tenant, claim, [key, requestHash, now, now - ClaimLife], ct).ConfigureAwait(false) == 1)
        {
            return (IdempotencyState.Claimed, null);
        }

        var found = await source.FirstAsync(
            tenant, look, row => (Hash: row.GetFieldValue<byte[]>(0), Status: row.GetInt32(1), Body: row.Text(2) ?? ""), [key], ct).ConfigureAwait(false);
        if (found.Hash is null)
        {
            return (IdempotencyState.Running, null); // Released between the two statements: the caller comes back and gets it.
        }

        if (!found.Hash.AsSpan().SequenceEqual(requestHash))
        {
            return (IdempotencyState.OtherRequest, null);
        }

        return found.Status == 0
            ? (IdempotencyState.Running, null)
            : (IdempotencyState.Answered, new StoredAnswer(found.Status, found.Body));
    }

    /// <summary>Keeps the answer.</summary>
    public Task CompleteAsync(long tenant, string key, StoredAnswer answer, CancellationToken ct)
    {
        const string sql = "UPDATE idempotency_keys SET status = $3, response = $4 WHERE tenant_id = $1 AND idem_key = $2";
        return source.ExecuteAsync(tenant, sql, [key, answer.Status, answer.Body], ct);
    }

    /// <summary>Gives a key up whose request failed by no fault of the caller's, so that it may be tried again.</summary>
    public Task ReleaseAsync(long tenant, string key, CancellationToken ct)
    {
        const string sql = "DELETE FROM idempotency_keys WHERE tenant_id = $1 AND idem_key = $2 AND status = 0";
        return source.ExecuteAsync(tenant, sql, [key], ct);
    }
}
