using System.Diagnostics;
using Npgsql;

namespace SyncFlow.Tests.Storage;

/// <summary>
/// Counts the round trips to one database, by the traces that Npgsql makes of them: work that a test can hold to a number,
/// however busy the machine is.
/// </summary>
internal sealed class DatabaseCalls : IDisposable
{
    private readonly ActivityListener _listener;
    private readonly string _database;
    private int _count;

    public DatabaseCalls(TestDatabase database)
        : this(database.ConnectionString)
    {
    }

    public DatabaseCalls(string connectionString)
    {
        _database = new NpgsqlConnectionStringBuilder(connectionString).Database!;
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = Note,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>Commands and batches sent since the last <see cref="Reset"/>.</summary>
    public int Count => Volatile.Read(ref _count);

    public void Reset() => Interlocked.Exchange(ref _count, 0);

    public void Dispose() => _listener.Dispose();

    private void Note(Activity activity)
    {
        // A connection is opened once and serves many calls.
        if (activity.TagObjects.Any(tag => tag is { Key: "db.query.text" or "db.statement" })
            && activity.TagObjects.Any(tag => tag is { Key: "db.namespace" or "db.name", Value: string name } && name.Contains(_database, StringComparison.Ordinal)))
        {
            Interlocked.Increment(ref _count);
        }
    }
}
