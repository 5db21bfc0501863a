using System.Data.Common;
using Npgsql;
using SyncFlow.Core.Allocation;

namespace SyncFlow.Storage.Front;

/// <summary>A SKU and what the merchant set for it.</summary>
/// <param name="SafetyBuffer">Units per location that are never shown.</param>
/// <param name="RiskBudget">Most units of exposure that shared mode may run while adaptive.</param>
public sealed record SkuView(
    long Id, string Code, string Title, SharingMode Mode, int SafetyBuffer, int RiskBudget, DateTimeOffset CreatedAt);

/// <summary>What a merchant sets for a new SKU; null takes the standard.</summary>
public sealed record SkuSettings(SharingMode? Mode, int? SafetyBuffer, int? RiskBudget);

/// <summary>SKUs, as people and integrators manage them.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class SkuDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const string Names = "sku_id, code, title, mode, safety_buffer, risk_budget, created_at";

    private const string Columns = $"SELECT {Names} FROM skus WHERE tenant_id = $1";

    /// <summary>The form in which codes are compared: trimmed, upper case.</summary>
    public static string KeyOf(string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        return code.Trim().ToUpperInvariant();
    }

    /// <summary>SKUs by id.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="search">Part of a code or title.</param>
    /// <param name="mode">Only SKUs whose merchant asked for this mode.</param>
    /// <param name="after">Only later ids.</param>
    /// <param name="count">At most so many.</param>
    /// <param name="ct">Ends the call.</param>
    public Task<List<SkuView>> ListAsync(
        long tenant, string? search, SharingMode? mode, long? after, int count, CancellationToken ct)
    {
        const string sql = Columns +
            """
             AND ($2::text IS NULL OR code ILIKE $2 OR title ILIKE $2) AND ($3::smallint IS NULL OR mode = $3)
             AND ($4::bigint IS NULL OR sku_id > $4) ORDER BY sku_id LIMIT $5
            """;
        return source.ListAsync(tenant, sql, Read, [TenantSql.Contains(search), (short?)mode, after, count], ct);
    }

    /// <summary>One SKU, by its code in any case; or null.</summary>
    public Task<SkuView?> FindAsync(long tenant, string code, CancellationToken ct) =>
        source.FirstAsync(tenant, Columns + " AND code_key = $2", Read, [KeyOf(code)], ct);

    /// <summary>Creates a SKU with its lock row; null where the code is taken.</summary>
    public Task<SkuView?> CreateAsync(long tenant, string code, string title, SkuSettings settings, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(settings);
        const string sql =
            $"""
            WITH made AS (
              INSERT INTO skus (tenant_id, code, code_key, title, mode, safety_buffer, risk_budget, created_at, mode_set)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant_id, code_key) DO NOTHING RETURNING {Names}
            ), lock AS (
              INSERT INTO sku_state (tenant_id, sku_id) SELECT $1, sku_id FROM made ON CONFLICT DO NOTHING
            )
            SELECT {Names} FROM made
            """;
        var standard = SkuPolicy.Default;
        object?[] values =
        [
            code.Trim(), KeyOf(code), title, (short)(settings.Mode ?? standard.Mode), settings.SafetyBuffer ?? standard.SafetyBuffer,
            settings.RiskBudget ?? standard.RiskBudget, time.GetUtcNow(), settings.Mode is not null,
        ];
        return source.FirstAsync(tenant, sql, Read, values, ct);
    }

    /// <summary>Gives a SKU another title if it still has the one that the caller read.</summary>
    /// <returns>The SKU as it is now; null where somebody changed it meanwhile.</returns>
    public Task<SkuView?> RenameAsync(long tenant, SkuView expected, string title, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(expected);
        const string sql = $"UPDATE skus SET title = $3 WHERE tenant_id = $1 AND sku_id = $2 AND title = $4 RETURNING {Names}";
        return source.FirstAsync(tenant, sql, Read, [expected.Id, title, expected.Title], ct);
    }

    private static SkuView Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), (SharingMode)row.GetInt16(3), row.GetInt32(4), row.GetInt32(5),
        row.Time(6));
}
