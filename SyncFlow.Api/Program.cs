using SyncFlow.ServiceDefaults;
using SyncFlow.Storage.Schema;

namespace SyncFlow.Api;

/// <summary>Entry point of the Api process: <c>migrate</c> brings the database to the newest schema, else it hosts.</summary>
public static class Program
{
    /// <summary>Argument that applies the migrations and ends.</summary>
    public const string MigrateVerb = "migrate";

    public static async Task<int> Main(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var app = ApiHost.Build(args);
        await using (app.ConfigureAwait(false))
        {
            if (args is [MigrateVerb, ..])
            {
                var database = app.Configuration.GetConnectionString(EnvironmentContract.PostgresResource)
                    ?? throw new InvalidOperationException($"{EnvironmentContract.Postgres} is not set.");
                await Migrator.MigrateAsync(database, CancellationToken.None).ConfigureAwait(false);
                return 0;
            }

            await app.RunAsync().ConfigureAwait(false);
            return 0;
        }
    }
}
