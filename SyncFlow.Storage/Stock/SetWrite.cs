using Npgsql;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Stock;

/// <summary>Statements that write a set, and how many rows some of them must find.</summary>
/// <param name="Expected">Text of a statement, the rows it is to write, and what they are.</param>
internal sealed record SetWrite(List<NpgsqlBatchCommand> Statements, (string Sql, int Rows, string What)[] Expected)
{
    /// <summary>Sends all statements in one round trip.</summary>
    /// <exception cref="InvalidOperationException">A row that was to be written was not there.</exception>
    public async Task RunAsync(StorageSession session, CancellationToken ct)
    {
        if (Statements.Count == 0)
        {
            return;
        }

        await using var batch = session.Batch([.. Statements]);
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        foreach (var (sql, rows, what) in Expected)
        {
            var written = (long)(Statements.FirstOrDefault(s => s.CommandText == sql)?.RecordsAffected ?? 0);
            if (written != rows)
            {
                throw new InvalidOperationException($"{rows} {what} rows were to be written, {written} were there: what is saved must have been loaded.");
            }
        }
    }
}
