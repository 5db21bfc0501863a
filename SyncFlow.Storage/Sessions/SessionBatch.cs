using Npgsql;

namespace SyncFlow.Storage.Sessions;

/// <summary>
/// Statements of a session that go in one round trip, behind those that are sent along: what every transaction begins with,
/// and locks. Nobody asked for the results of these.
/// </summary>
internal sealed class SessionBatch : IAsyncDisposable
{
    private readonly NpgsqlBatch _batch;
    private readonly int _sentAlong;

    /// <param name="leading">What is sent along; a result each.</param>
    public SessionBatch(NpgsqlBatch batch, IReadOnlyList<NpgsqlBatchCommand> leading, ReadOnlySpan<NpgsqlBatchCommand> statements)
    {
        (_batch, _sentAlong) = (batch, leading.Count);
        foreach (var statement in leading)
        {
            batch.BatchCommands.Add(statement);
        }

        foreach (var statement in statements)
        {
            batch.BatchCommands.Add(statement);
        }
    }

    /// <summary>Runs them; returns how many rows they changed.</summary>
    public Task<int> ExecuteNonQueryAsync(CancellationToken ct) => _batch.ExecuteNonQueryAsync(ct);

    /// <summary>Runs them; the reader stands on the first result.</summary>
    public async Task<NpgsqlDataReader> ExecuteReaderAsync(CancellationToken ct)
    {
        var reader = await _batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        try
        {
            for (var passed = 0; passed < _sentAlong; passed++)
            {
                await reader.NextResultAsync(ct).ConfigureAwait(false);
            }

            return reader;
        }
        catch
        {
            await reader.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public ValueTask DisposeAsync() => _batch.DisposeAsync();
}
