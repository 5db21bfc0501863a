using SyncFlow.Storage.Schema;

namespace SyncFlow.Tests.Support;

/// <summary>Where the test databases get their schema from.</summary>
internal static class Schema
{
    /// <summary>
    /// Brings an empty database (by connection string of a login that owns it) to the newest schema. Called once a run,
    /// for the template that every test database is copied from.
    /// </summary>
    public static readonly Func<string, Task> Migrate = static connectionString => Migrator.MigrateAsync(connectionString, CancellationToken.None);
}
