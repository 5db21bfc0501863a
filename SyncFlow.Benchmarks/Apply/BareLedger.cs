using Npgsql;
using SyncFlow.Core;

namespace SyncFlow.Benchmarks.Apply;

/// <summary>
/// The least that applying can cost: rows that the product wrote, ready parsed, written again in the same batches into
/// tables with nothing but their primary keys; no claim, no parsing, no rules, no locks, no role.
/// </summary>
internal sealed class BareLedger(string connectionString, TimeProvider time)
{
    private const int Batch = 500;

    private const string CreateSql =
        """
        CREATE TABLE bare_entries (tenant_id bigint, entry_id bigint GENERATED ALWAYS AS IDENTITY, sku_id bigint, location_id bigint, bucket smallint,
          delta int, reason smallint, fact_key text, connection_id bigint, inbox_event_id bigint, occurred_at timestamptz, recorded_at timestamptz,
          PRIMARY KEY (tenant_id, entry_id));
        CREATE TABLE bare_positions (tenant_id bigint, sku_id bigint, location_id bigint, units bigint, PRIMARY KEY (tenant_id, sku_id, location_id));
        CREATE TABLE bare_levels (tenant_id bigint, sku_id bigint, level_id bigint, target int, updated_at timestamptz, PRIMARY KEY (tenant_id, level_id));
        CREATE TABLE bare_history (tenant_id bigint, history_id bigint GENERATED ALWAYS AS IDENTITY, level_id bigint, target int, at timestamptz,
          PRIMARY KEY (tenant_id, history_id));
        CREATE TABLE bare_orders (tenant_id bigint, connection_id bigint, order_ref text, snapshot text, footprint text, PRIMARY KEY (tenant_id, connection_id, order_ref));
        CREATE TABLE bare_inbox (tenant_id bigint, event_id bigint, state smallint, finished_at timestamptz, PRIMARY KEY (tenant_id, event_id))
        """;

    private const string EntriesSql =
        """
        INSERT INTO bare_entries (tenant_id, sku_id, location_id, bucket, delta, reason, fact_key, connection_id, inbox_event_id, occurred_at, recorded_at)
        SELECT $1, d.*, now() FROM unnest($2::bigint[], $3::bigint[], $4::smallint[], $5::int[], $6::smallint[], $7::text[], $8::bigint[], $9::bigint[], $10::timestamptz[]) AS d
        """;

    private const string PositionsSql =
        """
        INSERT INTO bare_positions AS p SELECT $1, sku_id, location_id, sum(delta)
        FROM unnest($2::bigint[], $3::bigint[], $4::int[]) AS d (sku_id, location_id, delta) GROUP BY sku_id, location_id
        ON CONFLICT (tenant_id, sku_id, location_id) DO UPDATE SET units = p.units + excluded.units
        """;

    private const string LevelsSql =
        "UPDATE bare_levels SET target = target - 1, updated_at = now() WHERE tenant_id = $1 AND level_id = ANY ($2)";

    private const string HistorySql =
        "INSERT INTO bare_history (tenant_id, level_id, target, at) SELECT $1, d, 1, now() FROM unnest($2::bigint[]) AS d";

    private const string OrdersSql = "INSERT INTO bare_orders SELECT $1, d.* FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) AS d";

    private const string InboxSql = "UPDATE bare_inbox SET state = 1, finished_at = now() WHERE tenant_id = $1 AND event_id = ANY ($2)";

    public sealed record Entry(
        long Sku, long Location, short Bucket, int Delta, short Reason, string FactKey, long? Connection, long Event, DateTime OccurredAt);

    public sealed record Order(long Connection, string Ref, string Snapshot, string Footprint);

    /// <summary>What the product wrote for a tenant's orders.</summary>
    public sealed record Rows(TenantId Tenant, List<List<Entry>> Facts, List<Order> Orders, Dictionary<long, long[]> Levels);

    public async Task PrepareAsync(CancellationToken ct)
    {
        using var source = NpgsqlDataSource.Create(connectionString);
        using var command = source.CreateCommand(CreateSql);
        await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Reads a tenant's rows, fact by fact in the order of the ledger.</summary>
    public async Task<Rows> ReadAsync(TenantId tenant, CancellationToken ct)
    {
        using var source = NpgsqlDataSource.Create(connectionString);
        var entries = await QueryAsync(
            source, tenant,
            "SELECT sku_id, location_id, bucket, delta, reason, fact_key, connection_id, inbox_event_id, occurred_at FROM ledger_entries WHERE tenant_id = $1 AND inbox_event_id IS NOT NULL ORDER BY entry_id",
            row => new Entry(
                row.GetInt64(0), row.GetInt64(1), row.GetInt16(2), row.GetInt32(3), row.GetInt16(4), row.GetString(5),
                row.IsDBNull(6) ? null : row.GetInt64(6), row.GetInt64(7), row.GetDateTime(8)),
            ct).ConfigureAwait(false);
        var orders = await QueryAsync(
            source, tenant, "SELECT connection_id, order_ref, snapshot::text, footprint::text FROM orders WHERE tenant_id = $1 ORDER BY order_ref",
            row => new Order(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3)), ct).ConfigureAwait(false);
        var levels = await QueryAsync(
            source, tenant, "SELECT sku_id, level_id FROM listing_levels WHERE tenant_id = $1", row => (Sku: row.GetInt64(0), Level: row.GetInt64(1)), ct).ConfigureAwait(false);
        return new Rows(
            tenant, [.. entries.GroupBy(e => e.Event).Select(g => g.ToList())], orders,
            levels.GroupBy(l => l.Sku).ToDictionary(g => g.Key, g => g.Select(l => l.Level).ToArray()));
    }

    /// <summary>Writes them into empty tables; returns facts a second.</summary>
    /// <param name="whole">All tables; else only entries and positions.</param>
    public async Task<double> WriteAsync(Rows rows, bool whole, CancellationToken ct)
    {
        using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { MaxAutoPrepare = 20, AutoPrepareMinUsages = 1 }.ConnectionString);
        await using var connection = await source.OpenConnectionAsync(ct).ConfigureAwait(false);
        var began = time.GetTimestamp();
        for (var at = 0; at < rows.Facts.Count; at += Batch)
        {
            var facts = rows.Facts.Skip(at).Take(Batch).ToList();
            await using var transaction = await connection.BeginTransactionAsync(ct).ConfigureAwait(false);
            await using var batch = Statements(connection, rows, facts, rows.Orders.Skip(at).Take(Batch).ToList(), whole);
            await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            await transaction.CommitAsync(ct).ConfigureAwait(false);
        }

        return rows.Facts.Count / time.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>Empties the tables, but for levels and events that are to be updated.</summary>
    public async Task ResetAsync(Rows rows, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(ct).ConfigureAwait(false);
        await using var reset = new NpgsqlBatch(connection);
        reset.BatchCommands.Add(new NpgsqlBatchCommand("TRUNCATE bare_entries, bare_positions, bare_levels, bare_history, bare_orders, bare_inbox"));
        reset.BatchCommands.Add(Of(
            "INSERT INTO bare_levels SELECT tenant_id, sku_id, level_id, 0, now() FROM listing_levels WHERE tenant_id = $1", rows.Tenant));
        reset.BatchCommands.Add(Of("INSERT INTO bare_inbox SELECT tenant_id, event_id, 0 FROM inbox WHERE tenant_id = $1", rows.Tenant));
        await reset.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    private static NpgsqlBatch Statements(NpgsqlConnection connection, Rows rows, List<List<Entry>> facts, List<Order> orders, bool whole)
    {
        var batch = new NpgsqlBatch(connection);
        var entries = facts.SelectMany(f => f).ToList();
        void Add(string sql, params NpgsqlParameter[] columns) => batch.BatchCommands.Add(Of(sql, rows.Tenant, columns));
        Add(
            EntriesSql, Column(entries, e => e.Sku), Column(entries, e => e.Location), Column(entries, e => e.Bucket), Column(entries, e => e.Delta),
            Column(entries, e => e.Reason), Column(entries, e => e.FactKey), Column(entries, e => e.Connection), Column(entries, e => e.Event),
            Column(entries, e => e.OccurredAt));
        Add(PositionsSql, Column(entries, e => e.Sku), Column(entries, e => e.Location), Column(entries, e => e.Delta));
        if (whole)
        {
            var levels = entries.Select(e => e.Sku).Distinct().Order().SelectMany(sku => rows.Levels[sku]).ToList();
            Add(LevelsSql, Column(levels, l => l));
            Add(HistorySql, Column(levels, l => l));
            Add(OrdersSql, Column(orders, o => o.Connection), Column(orders, o => o.Ref), Column(orders, o => o.Snapshot), Column(orders, o => o.Footprint));
            Add(InboxSql, Column(facts, f => f[0].Event));
        }

        return batch;
    }

    private static NpgsqlBatchCommand Of(string sql, TenantId tenant, params NpgsqlParameter[] columns)
    {
        var command = new NpgsqlBatchCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = tenant.Value });
        command.Parameters.AddRange(columns);
        return command;
    }

    private static NpgsqlParameter<T[]> Column<TRow, T>(List<TRow> rows, Func<TRow, T> pick) =>
        new() { TypedValue = [.. rows.Select(pick)] };

    private static async Task<List<T>> QueryAsync<T>(
        NpgsqlDataSource source, TenantId tenant, string sql, Func<NpgsqlDataReader, T> read, CancellationToken ct)
    {
#pragma warning disable CA2100 // Statements are constants of this benchmark.
        using var command = source.CreateCommand(sql);
#pragma warning restore CA2100
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = tenant.Value });
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var rows = new List<T>();
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
