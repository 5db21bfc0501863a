using System.Globalization;
using Npgsql;

namespace SyncFlow.Tests.Support;

/// <summary>
/// Holds whoever is about to write a certain row, in the middle of its transaction, until it is opened: a process can be
/// killed there, and it is the same place every time.
/// </summary>
internal sealed class WriteGate : IAsyncDisposable
{
    /// <summary>First half of our advisory locks; the product's have keys of another form.</summary>
    private const int Keys = 7_001;

    private static int _gates;

    private readonly NpgsqlConnection _holder;
    private readonly int _number;

    private WriteGate(NpgsqlConnection holder, int number) => (_holder, _number) = (holder, number);

    /// <summary>Puts a closed gate before a table's writes.</summary>
    /// <param name="database">Connection string of its owner.</param>
    /// <param name="before">What is held, for example <c>INSERT ON ledger_entries</c>.</param>
    /// <param name="when">Which rows, as a trigger's condition.</param>
    public static async Task<WriteGate> CloseAsync(string database, string before, string when)
    {
        var number = Interlocked.Increment(ref _gates);
        var holder = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString);
        await holder.OpenAsync();
        var gate = new WriteGate(holder, number);
        await gate.ExecuteAsync(
            $"""
            SELECT pg_advisory_lock({Keys}, {number});
            CREATE FUNCTION gate_{number}() RETURNS trigger LANGUAGE plpgsql AS
              $$ BEGIN PERFORM pg_advisory_xact_lock_shared({Keys}, {number}); RETURN coalesce(NEW, OLD); END $$;
            CREATE TRIGGER gate_{number} BEFORE {before} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION gate_{number}()
            """);
        return gate;
    }

    /// <summary>Waits until somebody stands before it.</summary>
    public Task ReachedAsync(TimeSpan limit) => Waits.UntilAsync(
        async () =>
        {
            await using var command = new NpgsqlCommand(
                """
                SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = $1::int::oid AND objid = $2::int::oid AND objsubid = 2 AND NOT granted
                  AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
                """,
                _holder);
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Keys });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = _number });
            return (bool)(await command.ExecuteScalarAsync())!;
        },
        string.Create(CultureInfo.InvariantCulture, $"somebody at gate {_number}"), limit);

    /// <summary>Lets everybody through, from now on.</summary>
    public Task OpenAsync() => ExecuteAsync($"SELECT pg_advisory_unlock({Keys}, {_number})");

    public ValueTask DisposeAsync() => _holder.DisposeAsync();

    private async Task ExecuteAsync(string sql)
    {
#pragma warning disable CA2100 // A test's own text: what a trigger holds is no parameter.
        await using var command = new NpgsqlCommand(sql, _holder);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
