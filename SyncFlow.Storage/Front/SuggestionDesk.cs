using System.Data.Common;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Front;

/// <summary>What became of a suggestion. The numbers are stored; they never change meaning.</summary>
public enum SuggestionState : short
{
    /// <summary>Nobody has decided.</summary>
    Open = 0,

    /// <summary>Mapped as suggested.</summary>
    Accepted = 1,

    /// <summary>Never to be suggested again.</summary>
    Rejected = 2,

    /// <summary>The variant is gone, or was mapped otherwise.</summary>
    Withdrawn = 3,
}

/// <summary>A new variant that may be a SKU we know.</summary>
/// <param name="Confidence">How sure, 1 to 100.</param>
public sealed record SuggestionView(
    long Id, long ConnectionId, string VariantRef, string? ItemRef, string? Title, string Sku, int Confidence, string Reason,
    SuggestionState State, DateTimeOffset CreatedAt, DateTimeOffset? DecidedAt);

/// <summary>Mapping suggestions and people's decisions on them.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="mapper">Maps what is accepted.</param>
/// <param name="time">The clock.</param>
public sealed class SuggestionDesk(NpgsqlDataSource source, ItemMapper mapper, TimeProvider time)
{
    private const string Columns =
        """
        SELECT g.suggestion_id, g.connection_id, g.variant_ref, i.item_ref, i.title, s.code, g.confidence, g.reason, g.state,
          g.created_at, g.decided_at
        FROM mapping_suggestions g JOIN skus s USING (tenant_id, sku_id)
        LEFT JOIN channel_items i USING (tenant_id, connection_id, variant_ref)
        WHERE g.tenant_id = $1
        """;

    /// <summary>Suggestions by id.</summary>
    public Task<List<SuggestionView>> ListAsync(
        long tenant, long? connection, SuggestionState? state, long? after, int count, CancellationToken ct)
    {
        const string sql = Columns +
            """
             AND ($2::bigint IS NULL OR g.connection_id = $2) AND ($3::smallint IS NULL OR g.state = $3)
             AND ($4::bigint IS NULL OR g.suggestion_id > $4) ORDER BY g.suggestion_id LIMIT $5
            """;
        return source.ListAsync(tenant, sql, Read, [connection, (short?)state, after, count], ct);
    }

    /// <summary>One suggestion, or null.</summary>
    public Task<SuggestionView?> FindAsync(long tenant, long id, CancellationToken ct) =>
        source.FirstAsync(tenant, Columns + " AND g.suggestion_id = $2", Read, [id], ct);

    /// <summary>Accepts or rejects an open suggestion; false where it is not open any more. What is accepted is mapped with it.</summary>
    public async Task<bool> DecideAsync(long tenant, long id, bool accept, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var decided = await session.QueryAsync(
            session.Of(
                """
                UPDATE mapping_suggestions SET state = $3, decided_at = $4 WHERE tenant_id = $1 AND suggestion_id = $2 AND state = 0
                RETURNING connection_id, variant_ref, sku_id
                """,
                Sql.P(id), Sql.P((short)(accept ? SuggestionState.Accepted : SuggestionState.Rejected)), Sql.P(DatabaseTime.Now(time))),
            row => (Connection: row.GetInt64(0), Variant: row.GetString(1), Sku: row.GetInt64(2)),
            ct).ConfigureAwait(false);
        if (decided.Count == 0)
        {
            return false;
        }

        var (connection, variant, sku) = decided[0];
        if (accept)
        {
            await mapper.MapAsync(session, new ConnectionId(connection), [variant], sku, ct).ConfigureAwait(false);
        }

        await session.ExecuteAsync(
            session.Of(
                """
                UPDATE incidents SET closed_at = $4
                WHERE tenant_id = $1 AND incident_key = 'quarantined:' || $2 || ':' || $3 AND closed_at IS NULL
                """,
                Sql.P(connection), Sql.P(variant), Sql.P(DatabaseTime.Now(time))),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return true;
    }

    private static SuggestionView Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.Text(3), row.Text(4), row.GetString(5), row.GetInt16(6),
        row.GetString(7), (SuggestionState)row.GetInt16(8), row.Time(9), row.TimeOrNull(10));
}
