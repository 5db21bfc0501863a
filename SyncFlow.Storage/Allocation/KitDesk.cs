using System.Collections.Immutable;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Allocation;

/// <summary>What a kit is made of.</summary>
/// <param name="Version">Rises with every change; 0 while it never was a kit.</param>
/// <param name="Components">Empty where it is an ordinary SKU.</param>
public sealed record KitView(
    string Sku, int Version, IReadOnlyList<ComponentView> Components, DateTimeOffset? ChangedAt, string? ChangedBy);

/// <summary>A part of a kit.</summary>
/// <param name="Units">Units of it in one unit of the kit.</param>
public sealed record ComponentView(string Sku, int Units);

/// <summary>Kits: SKUs that hold nothing of their own and sell units of others. They are set by way of the breaker (<see cref="RuleDesk"/>).</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class KitDesk(NpgsqlDataSource source)
{
    private const string Columns =
        """
        SELECT s.code, coalesce(v.version, 0), v.changed_at, v.changed_by,
          coalesce(array_agg(p.code ORDER BY p.code) FILTER (WHERE p.code IS NOT NULL), '{}'),
          coalesce(array_agg(c.units ORDER BY p.code) FILTER (WHERE p.code IS NOT NULL), '{}')
        FROM skus s
        LEFT JOIN LATERAL (SELECT * FROM kit_versions k WHERE k.tenant_id = s.tenant_id AND k.kit_sku_id = s.sku_id
          ORDER BY k.version DESC LIMIT 1) v ON true
        LEFT JOIN sku_components c ON c.tenant_id = s.tenant_id AND c.kit_sku_id = s.sku_id
        LEFT JOIN skus p ON p.tenant_id = c.tenant_id AND p.sku_id = c.component_sku_id
        WHERE s.tenant_id = $1
        """;

    private const string Grouped = " GROUP BY s.sku_id, s.code, s.code_key, v.version, v.changed_at, v.changed_by ORDER BY s.code_key";

    /// <summary>Kits by code.</summary>
    /// <param name="part">Only those that name this SKU as a part; null for all.</param>
    /// <param name="after">Only later codes, as compared.</param>
    public async Task<List<KitView>> ListAsync(TenantId tenant, SkuId? part, string? after, int count, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of(
                Columns +
                """
                 AND s.sku_id IN (SELECT k.kit_sku_id FROM sku_components k
                   WHERE k.tenant_id = $1 AND ($2::bigint IS NULL OR k.component_sku_id = $2))
                 AND ($3::text IS NULL OR s.code_key > $3)
                """ + Grouped + " LIMIT $4",
                Sql.P(part?.Value), Sql.P(after), Sql.P(count)),
            Read,
            ct).ConfigureAwait(false);
    }

    /// <summary>What a SKU is made of.</summary>
    public async Task<KitView> FindAsync(TenantId tenant, SkuId sku, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await FindAsync(session, sku, ct).ConfigureAwait(false);
    }

    /// <summary>Kits that SKUs tie together, over whatever many others, as they are made now.</summary>
    public async Task<Dictionary<SkuId, ImmutableArray<Component>>> TiedAsync(TenantId tenant, IReadOnlyCollection<SkuId> skus, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var rows = await session.QueryAsync(
            session.Of(
                """
                WITH RECURSIVE tied (sku_id) AS (
                  SELECT unnest($2::bigint[])
                  UNION
                  SELECT other.sku_id FROM tied t
                  JOIN sku_components c ON c.tenant_id = $1 AND t.sku_id IN (c.kit_sku_id, c.component_sku_id)
                  CROSS JOIN LATERAL (VALUES (c.kit_sku_id), (c.component_sku_id)) AS other (sku_id)
                )
                SELECT c.kit_sku_id, c.component_sku_id, c.units FROM sku_components c
                WHERE c.tenant_id = $1 AND c.kit_sku_id IN (SELECT sku_id FROM tied) ORDER BY 1, 2
                """,
                Sql.P(skus.Select(s => s.Value).ToArray())),
            row => (Kit: new SkuId(row.GetInt64(0)), Part: new Component(new SkuId(row.GetInt64(1)), row.GetInt32(2))),
            ct).ConfigureAwait(false);
        return rows.GroupBy(r => r.Kit).ToDictionary(g => g.Key, g => g.Select(r => r.Part).ToImmutableArray());
    }

    /// <summary>What a SKU is made of, in the form of a change that puts it back.</summary>
    internal static async Task<KitChange> CurrentAsync(StorageSession session, SkuId kit, CancellationToken ct)
    {
        var version = (await FindAsync(session, kit, ct).ConfigureAwait(false)).Version;
        var components = await session.QueryAsync(
            session.Of("SELECT component_sku_id, units FROM sku_components WHERE tenant_id = $1 AND kit_sku_id = $2 ORDER BY 1", Sql.P(kit.Value)),
            row => new Component(new SkuId(row.GetInt64(0)), row.GetInt32(1)),
            ct).ConfigureAwait(false);
        return new KitChange(kit, [.. components]) { Replaces = version };
    }

    /// <summary>What is wrong with a change, or speaks against it in the state things are in; locks the SKUs it names.</summary>
    internal static async Task<RuleObjection?> AgainstAsync(StorageSession session, KitChange change, CancellationToken ct)
    {
        var set = await SkuRows.LockAndReadAsync(session, [change.Sku, .. change.Components.Select(c => c.Sku)], SkuKeys.None, ct).ConfigureAwait(false);
        var faults = KitChecks.Of(change.Sku, change.Components, set.Kits.ToDictionary(k => k, k => set.FindSku(k)!.Components));
        return faults.Length > 0 ? new RuleObjection(faults, "It cannot be made of these parts any more.")
            : await AgainstAsync(session, set.FindSku(change.Sku)!, ct).ConfigureAwait(false) is { } conflict ? new RuleObjection([], conflict)
            : null;
    }

    /// <summary>Units that would be counted twice or lost by the change.</summary>
    private static async Task<string?> AgainstAsync(StorageSession session, SkuState sku, CancellationToken ct)
    {
        if (sku.Levels.Any(l => l.Suspense > 0))
        {
            return "Units left one of its levels and no order explains them yet; wait until they are explained.";
        }

        if (sku.IsKit)
        {
            return null;
        }

        if (sku.Pools.Any(p => p.Buckets != default))
        {
            return "It has stock or open orders of its own; a kit has none. Adjust its stock to zero and let its orders close first.";
        }

        var held = await session.QueryAsync(
            session.Of("SELECT 1 FROM reservation_lines WHERE tenant_id = $1 AND sku_id = $2 AND state <= 2 LIMIT 1", Sql.P(sku.Sku.Value)),
            row => row.GetInt32(0),
            ct).ConfigureAwait(false);
        return held.Count > 0 ? "A reservation asks for units of it; release it first." : null;
    }

    /// <summary>
    /// Makes a SKU a kit, changes what it is made of, or makes it an ordinary SKU again, and asks the worker to plan it
    /// and what it ties together. Orders that were booked before keep the parts they were booked with.
    /// </summary>
    internal static async Task WriteAsync(StorageSession session, KitChange change, string by, DateTimeOffset now, CancellationToken ct)
    {
        var (kit, components) = (change.Sku, change.Components);
        await using var batch = session.Batch(
            session.Of("DELETE FROM sku_components WHERE tenant_id = $1 AND kit_sku_id = $2", Sql.P(kit.Value)),
            session.Of(
                """
                INSERT INTO sku_components (tenant_id, kit_sku_id, component_sku_id, units)
                SELECT $1, $2, c.sku_id, c.units FROM unnest($3::bigint[], $4::int[]) AS c (sku_id, units)
                """,
                Sql.P(kit.Value), Sql.Column(components, c => c.Sku.Value), Sql.Column(components, c => c.Units)),
            session.Of(
                """
                INSERT INTO kit_versions (tenant_id, kit_sku_id, version, components, changed_at, changed_by)
                SELECT $1, $2, coalesce(max(version), 0) + 1, $3::jsonb, $4, $5 FROM kit_versions WHERE tenant_id = $1 AND kit_sku_id = $2
                """,
                Sql.P(kit.Value), Sql.P(ComponentJson.Write(components)), Sql.P(now), Sql.P(by)),
            PolicyReach.Replan(session, PolicyScope.Sku, kit.Value, now),

            // As a kit or as none, its parts are planned too; those that it no longer has are not tied to it any more.
            session.Of(
                """
                INSERT INTO sync_runs (tenant_id, kind, parameters, created_at)
                SELECT $1, 'replan', jsonb_build_object('skuId', (e.value ->> 0)::bigint), $3
                FROM kit_versions v, jsonb_array_elements(v.components) AS e
                WHERE v.tenant_id = $1 AND v.kit_sku_id = $2 AND v.version = (
                  SELECT max(version) - 1 FROM kit_versions WHERE tenant_id = $1 AND kit_sku_id = $2)
                """,
                Sql.P(kit.Value), Sql.P(now)));
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    private static async Task<KitView> FindAsync(StorageSession session, SkuId sku, CancellationToken ct) =>
        (await session.QueryAsync(session.Of(Columns + " AND s.sku_id = $2" + Grouped, Sql.P(sku.Value)), Read, ct).ConfigureAwait(false)).Single();

    private static KitView Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetInt32(1),
        [.. row.GetFieldValue<string[]>(4).Zip(row.GetFieldValue<int[]>(5), (code, units) => new ComponentView(code, units))],
        row.Nullable<DateTimeOffset>(2), row.Text(3));
}
