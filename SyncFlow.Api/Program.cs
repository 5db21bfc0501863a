using Npgsql;
using SyncFlow.Api.Security;
using SyncFlow.ServiceDefaults;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Auditing;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Identity;
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

    /// <summary>Argument that makes a super admin of the platform, or gives one a new key: <c>platform-admin NAME</c> prints it.</summary>
    public const string PlatformAdminVerb = "platform-admin";

    /// <summary>Argument that checks the audit chains of all tenants and ends: with 0, or with 1 where one is broken.</summary>
    public const string CheckAuditVerb = "check-audit";

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

            if (args is [PlatformAdminVerb, var name, ..])
            {
                var key = Secrets.Make(Secrets.Platform);
                var now = app.Services.GetRequiredService<TimeProvider>().GetUtcNow();
                await PlatformStore.AddAsync(Database(app), name, Secrets.Hash(key), now, CancellationToken.None).ConfigureAwait(false);
                await Console.Out.WriteLineAsync(key).ConfigureAwait(false); // The only time that it is shown.
                return 0;
            }

            if (args is [CheckAuditVerb, ..])
            {
                return await CheckAuditAsync(app, Console.Out).ConfigureAwait(false);
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

    /// <summary>Checks every tenant's audit chain; the printed ends, kept elsewhere, later prove that nothing was made anew.</summary>
    internal static async Task<int> CheckAuditAsync(WebApplication app, TextWriter output)
    {
        var whole = true;
        foreach (var (tenant, _) in await app.Services.GetRequiredService<TenantStore>().AllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            var check = await app.Services.GetRequiredService<AuditStore>().CheckAsync(tenant, CancellationToken.None).ConfigureAwait(false);
            whole &= check.IsWhole;
            await output.WriteLineAsync(
                $"Tenant {tenant.Value}: {check.Entries} entries, end {check.HeadSeq} {check.HeadHash}: "
                + (check.Break is { } broken ? $"BROKEN at {broken.Seq} ({broken.Kind})" : "whole")).ConfigureAwait(false);
        }

        return whole ? 0 : 1;
    }

    private static string Database(WebApplication app) => app.Configuration.GetConnectionString(EnvironmentContract.PostgresResource)
        ?? throw new InvalidOperationException($"{EnvironmentContract.Postgres} is not set.");
}
