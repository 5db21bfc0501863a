using Npgsql;

namespace SyncFlow.Storage.Sessions;

/// <summary>Whose doing a failure is: the database's, which passes, or that of what was asked of it.</summary>
public static class DatabaseFaults
{
    private const string AdminShutdown = "57P01", CrashShutdown = "57P02";

    /// <summary>Whether a failure lies in the database's being away, busy or in a race: the same may work in a while.</summary>
    public static bool MayPass(Exception? failure) => failure switch
    {
        null => false,
        PostgresException known => known.IsTransient || known.SqlState is AdminShutdown or CrashShutdown,
        NpgsqlException => true,
        _ => MayPass(failure.InnerException),
    };
}
