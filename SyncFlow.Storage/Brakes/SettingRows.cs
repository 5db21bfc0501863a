using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Brakes;

/// <summary>
/// Settings of one row that decide over many levels: a location's, and who is the authority for on-hand. Whoever sets one
/// has what it reaches planned again, in the same transaction.
/// </summary>
internal static class SettingRows
{
    /// <summary>What a location does now, as far as a change is about it.</summary>
    public static async Task<LocationChange> CurrentAsync(StorageSession session, LocationChange change, CancellationToken ct)
    {
        var found = await session.QueryAsync(
            session.Of("SELECT fulfills_online, pool_group FROM locations WHERE tenant_id = $1 AND location_id = $2", Sql.P(change.Location.Value)),
            row => (Online: row.GetBoolean(0), Group: row.GetInt32(1)),
            ct).ConfigureAwait(false);
        return change with
        {
            FulfillsOnline = change.FulfillsOnline is null ? null : found[0].Online,
            Group = change.Group is null ? null : found[0].Group,
        };
    }

    /// <summary>The version of a location's settings.</summary>
    /// <param name="hold">Whether it stays so until the session ends: a name or another detail is set without the lock of changes.</param>
    public static async Task<int> VersionAsync(StorageSession session, LocationId location, bool hold, CancellationToken ct) => (await session.QueryAsync(
        session.Of("SELECT version FROM locations WHERE tenant_id = $1 AND location_id = $2" + (hold ? " FOR NO KEY UPDATE" : ""), Sql.P(location.Value)),
        row => row.GetInt32(0),
        ct).ConfigureAwait(false))[0];

    /// <summary>Sets what a location does.</summary>
    public static Task<int> WriteAsync(StorageSession session, LocationChange change, DateTimeOffset at, CancellationToken ct) => session.ExecuteAsync(
        session.Of(
            """
            WITH changed AS (
              UPDATE locations SET fulfills_online = coalesce($3::bool, fulfills_online), pool_group = coalesce($4::int, pool_group)
              WHERE tenant_id = $1 AND location_id = $2 RETURNING location_id)
            INSERT INTO sync_runs (tenant_id, kind, parameters, created_at)
            SELECT $1, 'replan', jsonb_build_object('locationId', location_id), $5 FROM changed
            """,
            Sql.P(change.Location.Value), Sql.P(change.FulfillsOnline), Sql.P(change.Group), Sql.P(at)),
        ct);

    /// <summary>The rule that stands about what a change is about.</summary>
    public static async Task<AuthorityChange> CurrentAsync(StorageSession session, AuthorityChange change, CancellationToken ct)
    {
        var found = await session.QueryAsync(
            session.Of($"SELECT connection_id FROM authority_rules WHERE {OfScope}", Scope(change)),
            row => row.Nullable<long>(0),
            ct).ConfigureAwait(false);
        return change with
        {
            Stands = found.Count > 0,
            Owner = found.Count > 0 && found[0] is { } owner ? new ConnectionId(owner) : null,
        };
    }

    /// <summary>Sets a rule, in place of one about the same, or takes it away.</summary>
    public static async Task WriteAsync(StorageSession session, AuthorityChange change, DateTimeOffset at, CancellationToken ct)
    {
        const string insert =
            """
            INSERT INTO authority_rules (tenant_id, sku_id, sku_prefix, location_id, connection_id, created_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT ON CONSTRAINT authority_rules_scope DO UPDATE SET connection_id = excluded.connection_id
            """;
        await using var batch = session.Batch(
            change.Stands
                ? session.Of(insert, [.. Scope(change), Sql.P(change.Owner?.Value), Sql.P(at)])
                : session.Of($"DELETE FROM authority_rules WHERE {OfScope}", Scope(change)),
            session.Of(
                """
                INSERT INTO sync_runs (tenant_id, kind, parameters, created_at)
                SELECT $1, 'replan', CASE WHEN $2::bigint IS NOT NULL THEN jsonb_build_object('skuId', $2)
                  WHEN $3::text IS NULL AND $4::bigint IS NOT NULL THEN jsonb_build_object('locationId', $4) ELSE '{}' END, $5
                """,
                [.. Scope(change), Sql.P(at)]));
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    private const string OfScope =
        "tenant_id = $1 AND sku_id IS NOT DISTINCT FROM $2 AND sku_prefix IS NOT DISTINCT FROM $3::text AND location_id IS NOT DISTINCT FROM $4";

    private static Npgsql.NpgsqlParameter[] Scope(AuthorityChange change) =>
        [Sql.P(change.Sku?.Value), Sql.P(change.SkuPrefix), Sql.P(change.Location?.Value)];
}
