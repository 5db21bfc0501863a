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

    /// <summary>Freezes a source that is not frozen yet, and opens its incident.</summary>
    public static async Task FreezeAsync(StorageSession session, ConnectionId connection, string why, DateTimeOffset at, CancellationToken ct)
    {
        await session.ExecuteAsync(
            session.Of(
                "UPDATE sources SET state = 2, state_reason = $3, state_since = $4, updated_at = $4 WHERE tenant_id = $1 AND connection_id = $2 AND state = 1",
                Sql.P(connection.Value), Sql.P(why), Sql.P(at)),
            ct).ConfigureAwait(false);
        await session.ExecuteAsync(Open(session, connection, why, at), ct).ConfigureAwait(false);
    }

    /// <summary>The incident of a source that cannot be asked.</summary>
    public static string PullKeyOf(ConnectionId connection) => string.Create(CultureInfo.InvariantCulture, $"source-pull:{connection.Value}");

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
