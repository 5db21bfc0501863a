using Npgsql;

namespace SyncFlow.Tests.Support;

/// <summary>Database roles for tests of connections alone. Roles belong to the whole server, not to one database.</summary>
internal static class TestRoles
{
    /// <summary>Creates the roles that the schema's migrations create, where they are not there yet.</summary>
    public static async Task EnsureAsync(string database)
    {
        const string sql =
            """
            DO $$
            DECLARE wanted text;
            BEGIN
              FOREACH wanted IN ARRAY ARRAY['syncflow_owner', 'syncflow_ingest', 'syncflow_api', 'syncflow_worker'] LOOP
                IF to_regrole(wanted) IS NULL THEN
                  BEGIN
                    EXECUTE format('CREATE ROLE %I', wanted);
                  EXCEPTION WHEN unique_violation OR duplicate_object THEN
                    NULL; -- Another test was faster.
                  END;
                END IF;
              END LOOP;
            END $$
            """;
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
