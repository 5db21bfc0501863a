using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Sources;

/// <summary>The one incident of a frozen source.</summary>
internal static class SourceFreeze
{
    public static string KeyOf(ConnectionId connection) => string.Create(CultureInfo.InvariantCulture, $"source-frozen:{connection.Value}");

    public static NpgsqlBatchCommand Open(StorageSession session, ConnectionId connection, string why, DateTimeOffset at) => CaseRows.UpsertIncidents(
        session,
        [
            new Incident(
                KeyOf(connection), "source-frozen",
                $"The source went back to an earlier state: {why}. Its last good stock stands, no level it feeds is raised, and what it reports is kept until it is resumed.",
                connection, null, null, at),
        ]);
}
