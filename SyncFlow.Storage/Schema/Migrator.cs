using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;

namespace SyncFlow.Storage.Schema;

/// <summary>
/// Brings a database to the newest schema: numbered SQL files, each once, each in its own transaction. Any number of
/// processes may migrate at the same moment; one works, the others wait and find nothing left to do.
/// </summary>
public static partial class Migrator
{
    /// <summary>Key of the advisory lock that migrating processes take, in the database that is migrated.</summary>
    private const long LockKey = 7_311_001;

    /// <summary>Days of the inbox that are made ready; the worker keeps making more.</summary>
    private const int InboxDaysAhead = 7;

    /// <summary>The migrations that this build carries, in order.</summary>
    public static IReadOnlyList<Migration> Known { get; } = ReadEmbedded();

    /// <summary>Applies what the database lacks.</summary>
    /// <param name="connectionString">A login that owns the database and may create roles, or finds them there.</param>
    /// <param name="ct">Cancels between and within migrations; what was committed stays.</param>
    /// <returns>The migrations that were applied now.</returns>
    /// <exception cref="MigrationException">
    /// The database has a migration with another text than this build's, or one this build does not know.
    /// </exception>
    public static Task<IReadOnlyList<Migration>> MigrateAsync(string connectionString, CancellationToken ct) =>
        MigrateAsync(connectionString, Known, ct);

    /// <inheritdoc cref="MigrateAsync(string, CancellationToken)"/>
    internal static async Task<IReadOnlyList<Migration>> MigrateAsync(
        string connectionString, IReadOnlyList<Migration> migrations, CancellationToken ct)
    {
        var unpooled = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false };
        await using var connection = new NpgsqlConnection(unpooled.ConnectionString);
        await connection.OpenAsync(ct).ConfigureAwait(false);
        await ExecuteAsync(connection, $"SELECT pg_advisory_lock({LockKey})", ct).ConfigureAwait(false);
        await ExecuteAsync(connection, PrepareSql, ct).ConfigureAwait(false);

        var applied = await ReadAppliedAsync(connection, ct).ConfigureAwait(false);
        var missing = Missing(migrations, applied);
        foreach (var migration in missing)
        {
            await ApplyAsync(connection, migration, ct).ConfigureAwait(false);
        }

        if (migrations.Any(m => m.Name.EndsWith("_partitions", StringComparison.Ordinal)))
        {
            await ExecuteAsync(connection, $"SELECT ensure_inbox_partitions({InboxDaysAhead})", ct).ConfigureAwait(false);
        }

        return missing; // The lock ends with the connection.
    }

    private static List<Migration> Missing(IReadOnlyList<Migration> known, Dictionary<int, string> applied)
    {
        foreach (var (number, checksum) in applied)
        {
            var migration = known.FirstOrDefault(m => m.Number == number)
                ?? throw new MigrationException($"The database has migration {number}, which this build does not know: it is newer than the build.");
            if (migration.Checksum != checksum)
            {
                throw new MigrationException(
                    $"Migration {migration.Name} was applied with another text. An applied migration never changes; write the next one.");
            }
        }

        return [.. known.Where(m => !applied.ContainsKey(m.Number)).OrderBy(m => m.Number)];
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, Migration migration, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct).ConfigureAwait(false);
        await ExecuteAsync(connection, "SET LOCAL ROLE syncflow_owner", ct).ConfigureAwait(false);
        await ExecuteAsync(connection, migration.Sql, ct).ConfigureAwait(false);
        await using var note = new NpgsqlCommand("INSERT INTO schema_migrations (number, name, checksum) VALUES ($1, $2, $3)", connection);
        note.Parameters.Add(new NpgsqlParameter { Value = migration.Number });
        note.Parameters.Add(new NpgsqlParameter { Value = migration.Name });
        note.Parameters.Add(new NpgsqlParameter { Value = migration.Checksum });
        await note.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        await transaction.CommitAsync(ct).ConfigureAwait(false);
    }

    private static async Task<Dictionary<int, string>> ReadAppliedAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("SELECT number, checksum FROM schema_migrations", connection);
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var applied = new Dictionary<int, string>();
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
        {
            applied.Add(reader.GetInt32(0), reader.GetString(1));
        }

        return applied;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
#pragma warning disable CA2100 // The texts are this assembly's own.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    private static List<Migration> ReadEmbedded()
    {
        var assembly = typeof(Migrator).Assembly;
        var migrations = new List<Migration>();
        foreach (var resource in assembly.GetManifestResourceNames())
        {
            if (FileName().Match(resource) is not { Success: true } match)
            {
                continue;
            }

            using var stream = assembly.GetManifestResourceStream(resource) ?? throw new UnreachableException();
            using var reader = new StreamReader(stream, Encoding.UTF8);
            var sql = reader.ReadToEnd().ReplaceLineEndings("\n");
            migrations.Add(Migration.Of(int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), match.Groups[0].Value[..^4], sql));
        }

        return [.. migrations.OrderBy(m => m.Number)];
    }

    [GeneratedRegex(@"(\d{4})_\w+\.sql$")]
    private static partial Regex FileName();

    // Roles belong to the server and not to the database, so another database's migration may make them meanwhile.
    // A login that is no superuser must be a member to become the owner; a superuser always is.
    private const string PrepareSql =
        """
        DO $$
        DECLARE wanted text;
        BEGIN
          FOREACH wanted IN ARRAY ARRAY['syncflow_owner', 'syncflow_ingest', 'syncflow_api', 'syncflow_worker'] LOOP
            IF to_regrole(wanted) IS NULL THEN
              BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
              EXCEPTION WHEN unique_violation OR duplicate_object THEN
                NULL;
              END;
            END IF;
            IF NOT pg_has_role(current_user, wanted, 'MEMBER') THEN
              EXECUTE format('GRANT %I TO %I', wanted, current_user);
            END IF;
          END LOOP;
          EXECUTE 'GRANT USAGE, CREATE ON SCHEMA public TO syncflow_owner';
        END $$;
        CREATE TABLE IF NOT EXISTS schema_migrations (
          number     int PRIMARY KEY,
          name       text NOT NULL,
          checksum   text NOT NULL,
          applied_at timestamptz NOT NULL DEFAULT now()
        );
        GRANT SELECT, INSERT ON schema_migrations TO syncflow_owner;
        """;
}

/// <summary>A numbered change of the schema.</summary>
/// <param name="Number">Its place in the order; never used twice.</param>
/// <param name="Name">File name without ending.</param>
/// <param name="Sql">The statements; they run in one transaction as the owner.</param>
/// <param name="Checksum">SHA-256 of the statements, hexadecimal.</param>
public sealed record Migration(int Number, string Name, string Sql, string Checksum)
{
    internal static Migration Of(int number, string name, string sql) =>
        new(number, name, sql, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql))));
}

/// <summary>The database's schema and this build's do not fit together.</summary>
public sealed class MigrationException(string message) : Exception(message);
