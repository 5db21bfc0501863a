using System.Data.Common;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Identity;

/// <summary>Whose system a key is for.</summary>
public enum ApiKeyKind : short
{
    /// <summary>The merchant's own.</summary>
    Own = 1,

    /// <summary>A partner's, for example a 3PL's or an agency's.</summary>
    Partner = 2,
}

/// <summary>An API key as people see it; the key itself is shown once, when it is made.</summary>
/// <param name="Partner">Who has it, for a partner's key.</param>
/// <param name="Hint">How it begins.</param>
/// <param name="LocationIds">The locations whose stock it may change; null for all.</param>
/// <param name="LastUsedAt">As noted, at most a minute late; null where it was never used.</param>
/// <param name="RotatedTo">The key that takes its place.</param>
public sealed record ApiKeyView(
    long Id, ApiKeyKind Kind, string Name, string? Partner, string Hint, IReadOnlyList<string> Scopes, IReadOnlyList<long>? LocationIds,
    string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt,
    long? RotatedTo);

/// <summary>A key to be stored.</summary>
/// <param name="Hash">SHA-256 of the key.</param>
public sealed record NewApiKey(
    ApiKeyKind Kind, string Name, string? Partner, IReadOnlyList<string> Scopes, IReadOnlyList<long>? LocationIds, DateTimeOffset? ExpiresAt,
    byte[] Hash, string Hint);

/// <summary>API keys, as people manage them.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class ApiKeyDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const string Shown =
        """
        api_key_id, kind, name, partner, hint, scopes, location_ids, created_by, created_at, expires_at, last_used_at, revoked_at,
          rotated_to
        """;

    private const string Columns = "SELECT " + Shown + " FROM api_keys WHERE tenant_id = $1";

    private const string Insert =
        """
        INSERT INTO api_keys (tenant_id, kind, name, partner, hint, scopes, location_ids, created_by, created_at, expires_at, key_hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING
        """ + " " + Shown;

    /// <summary>Keys by id, those taken back among them.</summary>
    public Task<List<ApiKeyView>> ListAsync(long tenant, long? after, int count, CancellationToken ct) => source.ListAsync(
        tenant, Columns + " AND ($2::bigint IS NULL OR api_key_id > $2) ORDER BY api_key_id LIMIT $3", Read, [after, count], ct);

    /// <summary>One key, or null.</summary>
    public Task<ApiKeyView?> FindAsync(long tenant, long id, CancellationToken ct) =>
        source.FirstAsync(tenant, Columns + " AND api_key_id = $2", Read, [id], ct);

    /// <summary>Those of some locations that the tenant has.</summary>
    public Task<List<long>> KnownLocationsAsync(long tenant, IReadOnlyCollection<long> locations, CancellationToken ct) => source.ListAsync(
        tenant, "SELECT location_id FROM locations WHERE tenant_id = $1 AND location_id = ANY ($2)", row => row.GetInt64(0), [locations.ToArray()], ct);

    /// <summary>Stores a new key.</summary>
    public async Task<ApiKeyView> CreateAsync(long tenant, NewApiKey key, string actor, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(key);
        return (await source.FirstAsync(tenant, Insert, Read, Values(key, actor), ct).ConfigureAwait(false))!;
    }

    /// <summary>
    /// Stores a key in another's place, with its name, scopes, locations and, where it has one, expiry; the old one goes
    /// on for <paramref name="overlap"/>.
    /// </summary>
    /// <returns>The new key; null where the old one opens nothing any more, or has been rotated already.</returns>
    public async Task<ApiKeyView?> RotateAsync(
        long tenant, long id, byte[] hash, string hint, DateTimeOffset? expiresAt, TimeSpan overlap, string actor, CancellationToken ct)
    {
        const string take =
            "SELECT " + Shown + " FROM api_keys WHERE tenant_id = $1 AND api_key_id = $2 AND revoked_at IS NULL AND rotated_to IS NULL"
            + " AND (expires_at IS NULL OR expires_at > $3) FOR NO KEY UPDATE";
        const string retire =
            """
            UPDATE api_keys SET rotated_to = $3, expires_at = least(expires_at, $4::timestamptz) WHERE tenant_id = $1 AND api_key_id = $2
            """;
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var now = DatabaseTime.Now(time);
        var old = (await session.QueryAsync(session.Of(take, Sql.P(id), Sql.P(now)), Read, ct).ConfigureAwait(false)).SingleOrDefault();
        if (old is null)
        {
            return null;
        }

        var key = new NewApiKey(old.Kind, old.Name, old.Partner, old.Scopes, old.LocationIds, expiresAt ?? old.ExpiresAt, hash, hint);
        var insert = session.Of(Insert);
        foreach (var value in Values(key, actor))
        {
            insert.Parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value ?? DBNull.Value });
        }

        var made = (await session.QueryAsync(insert, Read, ct).ConfigureAwait(false))[0];
        await session.ExecuteAsync(session.Of(retire, Sql.P(id), Sql.P(made.Id), Sql.P(now + overlap)), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return made;
    }

    /// <summary>Takes a key back at once; null where there is none. Taken back again it stays as it is.</summary>
    public Task<ApiKeyView?> RevokeAsync(long tenant, long id, CancellationToken ct) => source.FirstAsync(
        tenant,
        "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $3) WHERE tenant_id = $1 AND api_key_id = $2 RETURNING " + Shown,
        Read,
        [id, time.GetUtcNow()],
        ct);

    private object?[] Values(NewApiKey key, string actor) =>
    [
        (short)key.Kind, key.Name, key.Partner, key.Hint, key.Scopes.ToArray(),
        MemberDesk.Ids(key.LocationIds),
        actor, DatabaseTime.Now(time), DatabaseTime.Of(key.ExpiresAt), key.Hash,
    ];

    private static ApiKeyView Read(DbDataReader row) => new(
        row.GetInt64(0), (ApiKeyKind)row.GetInt16(1), row.GetString(2), row.Text(3), row.GetString(4), row.GetFieldValue<string[]>(5),
        row.IsDBNull(6) ? null : row.GetFieldValue<long[]>(6), row.GetString(7), row.Time(8), row.TimeOrNull(9), row.TimeOrNull(10),
        row.TimeOrNull(11), row.LongOrNull(12));
}
