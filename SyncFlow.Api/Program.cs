using Npgsql;
using SyncFlow.ServiceDefaults;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Schema;
using SyncFlow.Storage.Secrets;

namespace SyncFlow.Api;

/// <summary>
/// Entry point of the Api process: <c>migrate</c> brings the database to the newest schema, <c>rotate-secrets</c> seals
/// every stored secret anew under the current master key, else it hosts.
/// </summary>
public static class Program
{
    /// <summary>Argument that applies the migrations and ends.</summary>
    public const string MigrateVerb = "migrate";

    /// <summary>Argument that seals stored secrets anew and ends: with 0, or with 1 where some cannot be opened.</summary>
    public const string RotateSecretsVerb = "rotate-secrets";

    public static async Task<int> Main(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var app = ApiHost.Build(args);
        await using (app.ConfigureAwait(false))
        {
            if (args is [MigrateVerb, ..])
            {
                await Migrator.MigrateAsync(Database(app), CancellationToken.None).ConfigureAwait(false);
                return 0;
            }

            if (args is [RotateSecretsVerb, ..])
            {
                return await RotateSecretsAsync(app, Console.Out).ConfigureAwait(false);
            }

            await app.RunAsync().ConfigureAwait(false);
            return 0;
        }
    }

    /// <summary>Seals stored secrets anew and tells what became of them, never what they are.</summary>
    internal static async Task<int> RotateSecretsAsync(WebApplication app, TextWriter output)
    {
        var vault = app.Services.GetRequiredService<CredentialVault>();
        var source = NpgsqlDataSource.Create(PostgresExtensions.ForRole(Database(app), PostgresRole.Owner));
        await using (source.ConfigureAwait(false))
        {
            var report = await new SecretRotation(source, vault).RunAsync(CancellationToken.None).ConfigureAwait(false);
            await output.WriteLineAsync(
                $"Key '{vault.CurrentKey}': {report.Resealed} secrets sealed anew, {report.Current} were under it already.").ConfigureAwait(false);
            foreach (var place in report.Unreadable)
            {
                await output.WriteLineAsync($"No configured key opens {place}; it was left as it is.").ConfigureAwait(false);
            }

            return report.Unreadable.Count == 0 ? 0 : 1;
        }
    }

    private static string Database(WebApplication app) => app.Configuration.GetConnectionString(EnvironmentContract.PostgresResource)
        ?? throw new InvalidOperationException($"{EnvironmentContract.Postgres} is not set.");
}
