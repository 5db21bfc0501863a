using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources.Mappings;

/// <summary>A merchant's own mapping.</summary>
/// <param name="Document">JSON.</param>
/// <param name="Sources">Sources that are read by it.</param>
public sealed record OwnMapping(string Name, string Document, long Sources, DateTimeOffset UpdatedAt);

/// <summary>Merchants' own mappings, and which one a source is read by. What a document means is not this class's matter.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class SourceMappingDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const string Columns =
        """
        SELECT m.name, m.document::text, (
          SELECT count(*) FROM sources s LEFT JOIN source_pulls p USING (tenant_id, connection_id)
          WHERE s.tenant_id = $1 AND m.name IN (s.mapping, p.page_shapes -> 'movements' ->> 'mapping', p.page_shapes -> 'positions' ->> 'mapping')), m.updated_at
        FROM source_mappings m WHERE m.tenant_id = $1
        """;

    /// <summary>All of a tenant's own, by name.</summary>
    public Task<List<OwnMapping>> ListAsync(long tenant, CancellationToken ct) =>
        source.ListAsync(tenant, Columns + " ORDER BY m.name", Read, [], ct);

    /// <summary>One of them, or null.</summary>
    public Task<OwnMapping?> FindAsync(long tenant, string name, CancellationToken ct) =>
        source.FirstAsync(tenant, Columns + " AND m.name = $2", Read, [name], ct);

    /// <summary>Stores one. Captures that read by it begin anew with it.</summary>
    /// <param name="most">A tenant has no more.</param>
    /// <returns>False where the tenant has as many as it may.</returns>
    public async Task<bool> PutAsync(long tenant, string name, string document, int most, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var stored = await session.ExecuteAsync(
            session.Of(
                """
                INSERT INTO source_mappings (tenant_id, name, document, created_at, updated_at)
                SELECT $1, $2, $3::jsonb, $4, $4 WHERE EXISTS (SELECT FROM source_mappings m WHERE m.tenant_id = $1 AND m.name = $2)
                  OR (SELECT count(*) FROM source_mappings m WHERE m.tenant_id = $1) < $5
                ON CONFLICT (tenant_id, name) DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at
                """,
                Sql.P(name), Sql.P(document), Sql.P(DatabaseTime.Now(time)), Sql.P(most)),
            ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                """
                UPDATE source_captures c SET revision = c.revision + 1, state = CASE WHEN c.state = 3 THEN 1 ELSE c.state END
                FROM sources s WHERE c.tenant_id = $1 AND s.tenant_id = $1 AND s.connection_id = c.connection_id AND s.mapping = $2
                """,
                Sql.P(name)),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return stored == 1;
    }

    /// <summary>Deletes one that no source is read by; false where there is none such.</summary>
    public async Task<bool> DeleteAsync(long tenant, string name, CancellationToken ct) => await source.ExecuteAsync(
        tenant,
        """
        DELETE FROM source_mappings m WHERE m.tenant_id = $1 AND m.name = $2
          AND NOT EXISTS (
            SELECT FROM sources s LEFT JOIN source_pulls p USING (tenant_id, connection_id)
            WHERE s.tenant_id = $1 AND m.name IN (s.mapping, p.page_shapes -> 'movements' ->> 'mapping', p.page_shapes -> 'positions' ->> 'mapping'))
        """,
        [name], ct).ConfigureAwait(false) == 1;

    /// <summary>Name of the mapping a source is read by; null where it has none, or there is no such source.</summary>
    public Task<string?> OfSourceAsync(long tenant, long connection, CancellationToken ct) => source.FirstAsync(
        tenant, "SELECT mapping FROM sources WHERE tenant_id = $1 AND connection_id = $2", row => row.Text(0), [connection], ct);

    /// <summary>Says which mapping a source is read by; false where there is no such source.</summary>
    public async Task<bool> ChooseAsync(long tenant, long connection, string? name, CancellationToken ct) => await source.ExecuteAsync(
        tenant,
        """
        WITH captured AS (
          UPDATE source_captures SET revision = revision + 1, state = CASE WHEN state = 3 THEN 1 ELSE state END
          WHERE tenant_id = $1 AND connection_id = $2)
        UPDATE sources SET mapping = $3, updated_at = $4 WHERE tenant_id = $1 AND connection_id = $2
        """,
        [connection, Sql.P(name), DatabaseTime.Now(time)], ct).ConfigureAwait(false) == 1;

    private static OwnMapping Read(System.Data.Common.DbDataReader row) => new(row.GetString(0), row.GetString(1), row.GetInt64(2), row.Time(3));
}
