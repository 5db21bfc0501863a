namespace SyncFlow.ServiceDefaults.Postgres;

/// <summary>
/// What a connection may do. The schema's migrations create one database role for each, named <c>syncflow_</c> and the
/// value in small letters.
/// </summary>
public enum PostgresRole
{
    /// <summary>Migrates; owns the tables.</summary>
    Owner,

    /// <summary>Inserts into the inbox and looks shops up.</summary>
    Ingest,

    /// <summary>The API's reads and writes, under row-level security.</summary>
    Api,

    /// <summary>The pipelines and jobs, under row-level security.</summary>
    Worker,
}
