using System.Globalization;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources.Capture;

/// <summary>What captures have a person look at.</summary>
internal static class CaptureIncidents
{
    /// <summary>One of each kind per source.</summary>
    public static string KeyOf(ConnectionId connection, CaptureState state) => string.Create(
        CultureInfo.InvariantCulture, $"{(state == CaptureState.Lost ? "capture-lost" : "capture-paused")}:{connection.Value}");

    /// <summary>The incident of a capture that stopped.</summary>
    public static Incident Of(ConnectionId connection, CaptureState state, string problem, DateTimeOffset at) => state == CaptureState.Lost
        ? new Incident(
            KeyOf(connection, state), "capture-lost",
            $"Changes of the source are missing: {problem}. Start the capture again, then send a full refresh; this closes when one is booked.",
            connection, null, null, at)
        : new Incident(
            KeyOf(connection, state), "capture-paused",
            $"The capture waits, nothing is lost meanwhile: {problem}. Put the table or the mapping right and start it again.", connection, null, null, at);

    /// <summary>The incident of a table of positions that was emptied at once: a reload, or a mistake.</summary>
    public static Incident Emptied(ConnectionId connection, DateTimeOffset at) => new(
        string.Create(CultureInfo.InvariantCulture, $"capture-emptied:{connection.Value}"), "capture-emptied",
        "All rows of the source's table were removed at once. That was not booked: what it does not list again stands as it was. Send a full refresh; this closes when one is booked.",
        connection, null, null, at);

    /// <summary>
    /// A full refresh that is booked brings back what a lost capture missed, once the capture runs again, and what an emptied
    /// table does not have any more.
    /// </summary>
    public static Task<int> CloseByRefreshAsync(StorageSession session, long file, DateTimeOffset at, CancellationToken ct) => session.ExecuteAsync(
        session.Of(
            """
            UPDATE incidents i SET closed_at = $3 FROM source_files f, source_captures c
            WHERE i.tenant_id = $1 AND f.tenant_id = $1 AND f.file_id = $2 AND f.kind = 1 AND c.tenant_id = $1 AND c.connection_id = f.connection_id
              AND c.state = 2 AND i.incident_key IN ('capture-lost:' || f.connection_id, 'capture-emptied:' || f.connection_id) AND i.closed_at IS NULL
            """,
            Sql.P(file), Sql.P(at)),
        ct);
}
