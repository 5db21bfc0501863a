using System.Data.Common;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Stock;

namespace SyncFlow.Storage.Front;

/// <summary>A rule of the source-of-truth hierarchy as people see it.</summary>
/// <param name="ConnectionId">The source or channel that owns on-hand; null for the ledger itself.</param>
public sealed record AuthorityRuleView(
    long Id, string? Sku, string? SkuPrefix, long? LocationId, long? ConnectionId, DateTimeOffset CreatedAt);

/// <summary>What a rule is about, by the tenant's own names; what is null does not narrow.</summary>
public sealed record AuthorityWish(string? Sku, string? SkuPrefix, long? LocationId, long? ConnectionId);

/// <summary>A SKU at a location whose authority a rule would change.</summary>
/// <param name="Now">The connection that owns on-hand now; null for the ledger.</param>
/// <param name="Then">The one that would.</param>
/// <param name="LedgerOnHand">What the ledger has.</param>
/// <param name="ShownOnHand">What that connection was last read to show there; null where it was not read.</param>
public sealed record AuthorityDifference(
    string Sku, long LocationId, long? Now, long? Then, int LedgerOnHand, int? ShownOnHand);

/// <summary>A preview, at most so many differences and how many there are.</summary>
public sealed record AuthorityPreview(int Total, IReadOnlyList<AuthorityDifference> Differences);

/// <summary>The source-of-truth hierarchy: who is right about on-hand.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class AuthorityDesk(NpgsqlDataSource source)
{
    /// <summary>Differences that a preview shows.</summary>
    public const int MostShown = 200;

    private const string Columns =
        """
        SELECT r.rule_id, s.code, r.sku_prefix, r.location_id, r.connection_id, r.created_at
        FROM authority_rules r LEFT JOIN skus s USING (tenant_id, sku_id) WHERE r.tenant_id = $1
        """;

    /// <summary>All rules, by id.</summary>
    public Task<List<AuthorityRuleView>> ListAsync(long tenant, CancellationToken ct) =>
        source.ListAsync(tenant, Columns + " ORDER BY r.rule_id", Read, [], ct);

    /// <summary>The first field that names nothing of the tenant's; null when all do.</summary>
    public async Task<string?> UnknownFieldAsync(long tenant, AuthorityWish wish, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(wish);
        const string sql =
            """
            SELECT CASE
              WHEN $2::text IS NOT NULL AND NOT EXISTS (SELECT FROM skus WHERE tenant_id = $1 AND code_key = $2) THEN 'sku'
              WHEN $3::bigint IS NOT NULL AND NOT EXISTS (SELECT FROM locations WHERE tenant_id = $1 AND location_id = $3) THEN 'locationId'
              WHEN $4::bigint IS NOT NULL AND NOT EXISTS (SELECT FROM connections WHERE tenant_id = $1 AND connection_id = $4) THEN 'connectionId'
              END
            """;
        return await source.FirstAsync(tenant, sql, row => row.Text(0), [Key(wish), wish.LocationId, wish.ConnectionId], ct).ConfigureAwait(false);
    }

    /// <summary>The change that sets a rule; what it names is known (<see cref="UnknownFieldAsync"/>).</summary>
    public async Task<AuthorityChange> ChangeAsync(long tenant, AuthorityWish wish, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(wish);
        var sku = Key(wish) is not { } key
            ? (long?)null
            : await source.FirstAsync(
                tenant, "SELECT sku_id FROM skus WHERE tenant_id = $1 AND code_key = $2", row => (long?)row.GetInt64(0), [key], ct).ConfigureAwait(false);
        return Change(sku, wish.SkuPrefix?.Trim().ToUpperInvariant(), wish.LocationId, wish.ConnectionId);
    }

    /// <summary>The rule as it stands, as the change that would set it; null where there is none.</summary>
    public Task<AuthorityChange?> FindAsync(long tenant, long rule, CancellationToken ct) => source.FirstAsync(
        tenant,
        "SELECT sku_id, sku_prefix, location_id, connection_id FROM authority_rules WHERE tenant_id = $1 AND rule_id = $2",
        row => Change(row.LongOrNull(0), row.Text(1), row.LongOrNull(2), row.LongOrNull(3)), [rule], ct);

    /// <summary>The rule about what a change is about, as people see it.</summary>
    public Task<AuthorityRuleView?> FindAsync(long tenant, AuthorityChange change, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(change);
        return source.FirstAsync(
            tenant,
            Columns + " AND r.sku_id IS NOT DISTINCT FROM $2 AND r.sku_prefix IS NOT DISTINCT FROM $3::text AND r.location_id IS NOT DISTINCT FROM $4",
            Read, [change.Sku?.Value, change.SkuPrefix, change.Location?.Value], ct);
    }

    private static AuthorityChange Change(long? sku, string? prefix, long? location, long? owner) => new(
        sku is { } s ? new SkuId(s) : null, prefix, location is { } l ? new LocationId(l) : null, owner is { } o ? new ConnectionId(o) : null,
        Stands: true);

    /// <summary>What a rule would change, were it set now: every SKU and location whose authority would be another.</summary>
    public async Task<AuthorityPreview> PreviewAsync(long tenant, AuthorityWish wish, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(wish);
        var rules = await source.ListAsync(
            tenant,
            "SELECT sku_id, sku_prefix, location_id, connection_id FROM authority_rules WHERE tenant_id = $1",
            row => (Sku: row.LongOrNull(0), Prefix: row.Text(1), Location: row.LongOrNull(2), Connection: row.LongOrNull(3)), [], ct).ConfigureAwait(false);
        var places = await PlacesAsync(tenant, wish, ct).ConfigureAwait(false);
        var prefix = wish.SkuPrefix?.Trim().ToUpperInvariant();
        var differences = new List<AuthorityDifference>();
        foreach (var place in places)
        {
            var mine = rules
                .Where(r => (r.Sku is null || r.Sku == place.SkuId) && (r.Prefix is null || place.Key.StartsWith(r.Prefix, StringComparison.Ordinal)))
                .Select(r => Rule(r.Sku, r.Prefix, r.Location, r.Connection)).ToList();
            var asked = Rule(wish.Sku is null ? null : place.SkuId, prefix, wish.LocationId, wish.ConnectionId);
            var others = mine.Where(r => r with { Connection = asked.Connection } != asked);
            var now = Authority.Of(mine, new LocationId(place.Location)) is { } rule ? rule.Connection?.Value : place.Owner;
            var then = Authority.Of([.. others, asked], new LocationId(place.Location))!.Connection?.Value;
            if (now != then)
            {
                differences.Add(new(place.Code, place.Location, now, then, place.OnHand, then == wish.ConnectionId ? place.Shown : null));
            }
        }

        return new(differences.Count, [.. differences.Take(MostShown)]);
    }

    private Task<List<(long SkuId, string Code, string Key, long Location, int OnHand, long? Owner, int? Shown)>> PlacesAsync(
        long tenant, AuthorityWish wish, CancellationToken ct)
    {
        const string sql =
            """
            SELECT k.sku_id, k.code, k.code_key, p.location_id, p.on_hand,
              (SELECT min(c.connection_id) FROM connections c JOIN listing_levels v USING (tenant_id, connection_id)
               WHERE c.tenant_id = $1 AND v.sku_id = k.sku_id AND v.location_id = p.location_id
                 AND coalesce((c.settings->>'ownsOnHand')::bool, false)),
              (SELECT sum(v.observed_on_hand)::int FROM listing_levels v WHERE v.tenant_id = $1 AND v.connection_id = $5
                 AND v.sku_id = k.sku_id AND v.location_id = p.location_id)
            FROM positions p JOIN skus k USING (tenant_id, sku_id)
            WHERE p.tenant_id = $1 AND ($2::text IS NULL OR k.code_key = $2) AND ($3::text IS NULL OR starts_with(k.code_key, upper($3)))
              AND ($4::bigint IS NULL OR p.location_id = $4) ORDER BY k.code_key, p.location_id
            """;
        return source.ListAsync(
            tenant, sql,
            row => (row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetInt32(4), row.LongOrNull(5), row.IntOrNull(6)),
            [Key(wish), wish.SkuPrefix?.Trim(), wish.LocationId, new NpgsqlParameter<long?> { TypedValue = wish.ConnectionId, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint }],
            ct);
    }

    private static AuthorityRule Rule(long? sku, string? prefix, long? location, long? connection) => new(
        sku is { } s ? new SkuId(s) : null, prefix, location is { } l ? new LocationId(l) : null,
        connection is { } c ? new ConnectionId(c) : null);

    private static string? Key(AuthorityWish wish) => wish.Sku is null ? null : SkuDesk.KeyOf(wish.Sku);

    private static AuthorityRuleView Read(DbDataReader row) => new(
        row.GetInt64(0), row.Text(1), row.Text(2), row.LongOrNull(3), row.LongOrNull(4), row.Time(5));
}
