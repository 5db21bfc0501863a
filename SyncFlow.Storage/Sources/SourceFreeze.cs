using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Sources;

/// <summary>The one incident of a frozen source, and the one of a feed that waits for a person.</summary>
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

    public static string FeedKeyOf(ConnectionId connection, long file) =>
        string.Create(CultureInfo.InvariantCulture, $"feed-awaits-approval:{connection.Value}:{file}");

    public static NpgsqlBatchCommand FeedHeld(StorageSession session, ConnectionId connection, long file, string why, DateTimeOffset at) =>
        CaseRows.UpsertIncidents(
            session,
            [
                new Incident(
                    FeedKeyOf(connection, file), "feed-awaits-approval", $"File {file} waits for approval, nothing of it is booked: {why}.", connection,
                    null, null, at),
            ]);
}
