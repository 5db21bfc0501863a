using System.Data.Common;
using Npgsql;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Front;

/// <summary>
/// Statements of one tenant, each in a transaction of its own and in one round trip: the tenant is set and the
/// statement run in one batch, which PostgreSQL treats as one transaction. Parameter <c>$1</c> is always the tenant.
/// </summary>
internal static class TenantSql
{
    /// <summary>All rows.</summary>
    public static async Task<List<T>> ListAsync<T>(
        this NpgsqlDataSource source, long tenant, string sql, Func<DbDataReader, T> read, object?[] values, CancellationToken ct)
    {
        await using var batch = source.CreateBatch();
        batch.BatchCommands.Add(TenantSetting.Of(tenant));
        batch.BatchCommands.Add(Statement(tenant, sql, values));
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        var rows = new List<T>();
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>The first row, or the default where there is none.</summary>
    public static async Task<T?> FirstAsync<T>(
        this NpgsqlDataSource source, long tenant, string sql, Func<DbDataReader, T> read, object?[] values, CancellationToken ct)
    {
        var rows = await source.ListAsync(tenant, sql, read, values, ct).ConfigureAwait(false);
        return rows.Count == 0 ? default : rows[0];
    }

    /// <summary>Runs a statement that returns nothing.</summary>
    /// <returns>Rows it changed.</returns>
    public static async Task<int> ExecuteAsync(
        this NpgsqlDataSource source, long tenant, string sql, object?[] values, CancellationToken ct)
    {
        await using var batch = source.CreateBatch();
        batch.BatchCommands.Add(TenantSetting.Of(tenant));
        var statement = Statement(tenant, sql, values);
        batch.BatchCommands.Add(statement);
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        return (int)statement.Rows;
    }

    public static string? Text(this DbDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    public static int? IntOrNull(this DbDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetInt32(column);

    public static long? LongOrNull(this DbDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetInt64(column);

    public static DateTimeOffset Time(this DbDataReader reader, int column) => reader.GetFieldValue<DateTimeOffset>(column);

    public static DateTimeOffset? TimeOrNull(this DbDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.Time(column);

    /// <summary>Quotes what a search text would otherwise mean to LIKE.</summary>
    public static string? Contains(string? search) => string.IsNullOrWhiteSpace(search)
        ? null
        : "%" + search.Trim().Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal)
            .Replace("_", "\\_", StringComparison.Ordinal) + "%";

    private static NpgsqlBatchCommand Statement(long tenant, string sql, object?[] values)
    {
#pragma warning disable CA2100 // Every statement is a constant of this folder; what callers give is a parameter.
        var command = new NpgsqlBatchCommand(sql);
#pragma warning restore CA2100
        command.Parameters.Add(new NpgsqlParameter { Value = tenant });
        foreach (var value in values)
        {
            command.Parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value ?? DBNull.Value });
        }

        return command;
    }
}
