using System.Data;
using System.Text.Json;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Tenancy;

/// <summary>
/// Everything a tenant has, as lines of JSON, all as of one moment: a line that says what follows, one for each row with
/// its table, and one at the end with the number of rows by table, so that a torn file shows. Secrets are left out.
/// </summary>
/// <param name="source">Acts as the api role: what row-level security hides cannot be exported.</param>
/// <param name="time">The clock.</param>
public sealed class TenantExport(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Names the form of the lines.</summary>
    public const string Format = "syncflow-tenant-export/1";

    private const int FlushBytes = 64 << 10;

    // Whatever is the tenant's, also in tables that are newer than this code.
    private const string Tables =
        """
        SELECT c.relname::text, coalesce(array_agg(a.attname::text) FILTER (
          WHERE format_type(a.atttypid, NULL) = 'bytea' AND a.attname ~ '(credential|secret|key_hash|token_hash)'), '{}')
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND has_table_privilege(c.oid, 'SELECT')
        GROUP BY c.oid, c.relname HAVING bool_or(a.attname = 'tenant_id') ORDER BY c.relname
        """;

    /// <summary>Writes the lines; nothing is held in memory but a row.</summary>
    public async Task WriteAsync(TenantId tenant, Stream output, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(output);
        await using var connection = await source.OpenConnectionAsync(ct).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct).ConfigureAwait(false);
        await using (var begin = new NpgsqlBatch(connection, transaction) { BatchCommands = { TenantSetting.Of(tenant.Value) } })
        {
            await begin.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        }

        var tables = await TablesAsync(connection, ct).ConfigureAwait(false);
        await using var text = new StreamWriter(output, bufferSize: FlushBytes, leaveOpen: true);
        await LineAsync(text, new { format = Format, tenant = tenant.Value, at = time.GetUtcNow(), tables = tables.ConvertAll(t => t.Name) }, ct).ConfigureAwait(false);
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (name, secrets) in tables)
        {
            counts[name] = await WriteTableAsync(connection, tenant, name, secrets, text, ct).ConfigureAwait(false);
        }

        await LineAsync(text, new { end = true, rows = counts }, ct).ConfigureAwait(false);
    }

    private static async Task<List<(string Name, string[] Secrets)>> TablesAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Tables, connection);
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => (row.GetString(0), row.GetFieldValue<string[]>(1)), ct).ConfigureAwait(false);
    }

    private static async Task<long> WriteTableAsync(
        NpgsqlConnection connection, TenantId tenant, string table, string[] secrets, StreamWriter text, CancellationToken ct)
    {
#pragma warning disable CA2100 // The name is one that the catalog gave; the tenant is a parameter.
        await using var command = new NpgsqlCommand($"SELECT (to_jsonb(t) - $2)::text FROM \"{table}\" t WHERE t.tenant_id = $1", connection);
#pragma warning restore CA2100
        command.CommandTimeout = 0; // As long as the reader takes.
        command.Parameters.Add(Sql.P(tenant.Value));
        command.Parameters.Add(Sql.P(secrets));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var rows = 0L;
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
        {
            await text.WriteLineAsync($$"""{"table":"{{table}}","row":{{reader.GetString(0)}}}""".AsMemory(), ct).ConfigureAwait(false);
            rows++;
        }

        return rows;
    }

    private static Task LineAsync<T>(StreamWriter text, T value, CancellationToken ct) =>
        text.WriteLineAsync(JsonSerializer.Serialize(value).AsMemory(), ct);
}
