using Microsoft.EntityFrameworkCore;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Configuration;

namespace SyncFlow.Storage.Sessions;

/// <summary>
/// One open transaction in the name of one tenant. Row-level security sees the tenant through a setting that lives as
/// long as the transaction; the role comes from the data source's connection string. Disposing without
/// <see cref="CommitAsync"/> rolls back.
/// </summary>
public sealed class StorageSession : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    // Sent with the next statements, so that they cost no round trip; the first names the tenant to the database.
    private readonly List<NpgsqlBatchCommand> _leading = [];

    private StorageSession(NpgsqlConnection connection, NpgsqlTransaction transaction, TenantId tenant)
    {
        _connection = connection;
        _transaction = transaction;
        _leading.Add(TenantSetting.Of(tenant.Value));
        Tenant = tenant;
    }

    /// <summary>In whose name.</summary>
    public TenantId Tenant { get; }

    /// <summary>Orders that were asked for and not there: they are made when they are written.</summary>
    internal HashSet<(ConnectionId Connection, string OrderRef)> OrdersToMake { get; } = [];

    /// <summary>The set whose facts were written before the rest of it, and how many entries that were.</summary>
    internal (WorkingSet Set, int Entries)? FactsWritten { get; set; }

    /// <summary>Opens a transaction (read committed).</summary>
    public static async Task<StorageSession> OpenAsync(NpgsqlDataSource source, TenantId tenant, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tenant.Value, nameof(tenant));
        var connection = await source.OpenConnectionAsync(ct).ConfigureAwait(false);
        try
        {
            var transaction = await connection.BeginTransactionAsync(ct).ConfigureAwait(false);
            return new StorageSession(connection, transaction, tenant);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Makes everything done in the session last.</summary>
    public Task CommitAsync(CancellationToken ct) => _transaction.CommitAsync(ct);

    /// <summary>Marks a point to come back to with <see cref="RollBackToAsync"/>.</summary>
    public async Task SavePointAsync(string name, CancellationToken ct)
    {
        await BeginAsync(ct).ConfigureAwait(false); // Coming back must not forget the tenant.
        await _transaction.SaveAsync(name, ct).ConfigureAwait(false);
    }

    /// <summary>Undoes what was done since <see cref="SavePointAsync"/>; locks taken since are given back.</summary>
    public Task RollBackToAsync(string name, CancellationToken ct) => _transaction.RollbackAsync(name, ct);

    /// <summary>
    /// The configuration tables through EF Core, inside this transaction and filtered to its tenant. Dispose it before
    /// the session; what it saves lasts when the session commits.
    /// </summary>
    public async Task<SyncFlowDb> CreateDbAsync(CancellationToken ct)
    {
        await BeginAsync(ct).ConfigureAwait(false);
        var options = new DbContextOptionsBuilder<SyncFlowDb>().UseNpgsql(_connection).Options;
        var db = new SyncFlowDb(options, Tenant);
        db.Database.UseTransaction(_transaction);
        return db;
    }

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync().ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>A statement of this session; <c>$1</c> is always the tenant.</summary>
    internal NpgsqlBatchCommand Of(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var statement = new NpgsqlBatchCommand(sql);
        statement.Parameters.Add(Sql.P(Tenant.Value));
        foreach (var parameter in parameters)
        {
            statement.Parameters.Add(parameter);
        }

        return statement;
    }

    /// <summary>Sends statements in one round trip; read their results in order.</summary>
    internal SessionBatch Batch(params ReadOnlySpan<NpgsqlBatchCommand> statements)
    {
        var batch = new SessionBatch(new NpgsqlBatch(_connection, _transaction), _leading, statements);
        _leading.Clear();
        return batch;
    }

    /// <summary>Sends a statement ahead of the next ones, in their round trip. Its one row tells nobody anything.</summary>
    internal void Lead(NpgsqlBatchCommand statement) => _leading.Add(statement);

    /// <summary>Names the tenant to the database now: what follows is not sent by <see cref="Batch"/>.</summary>
    private async Task BeginAsync(CancellationToken ct)
    {
        if (_leading.Count > 0)
        {
            await using var batch = Batch();
            await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        }
    }

    /// <summary>Runs a statement; returns the number of rows it changed.</summary>
    internal async Task<int> ExecuteAsync(NpgsqlBatchCommand statement, CancellationToken ct)
    {
        await using var batch = Batch(statement);
        return await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Runs a query.</summary>
    internal async Task<List<T>> QueryAsync<T>(NpgsqlBatchCommand statement, Func<NpgsqlDataReader, T> read, CancellationToken ct)
    {
        await using var batch = Batch(statement);
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await ReadAsync(reader, read, ct).ConfigureAwait(false);
    }

    /// <summary>Reads all rows of the current result.</summary>
    internal static async Task<List<T>> ReadAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read, CancellationToken ct)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
