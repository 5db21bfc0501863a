using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Inbox;

/// <summary>What dead letters have a person look at: one incident for each connection, open until none is left.</summary>
/// <param name="source">Of the role worker.</param>
public sealed class DeadLetterIncidents(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>The kind of these incidents.</summary>
    public const string Kind = "dead-letter";

    /// <summary>
    /// An incident is closed no sooner after it was last seen: an event that dies while a look is under way is not in what the
    /// look sees, but its incident is.
    /// </summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    /// <summary>The incident of an event that died.</summary>
    /// <param name="connection">Whose event it was; null where it came by SyncFlow's own API.</param>
    public static Incident Of(ConnectionId? connection, string topic, string? reason, DateTimeOffset at) => new(
        string.Create(CultureInfo.InvariantCulture, $"{Kind}:{connection?.Value.ToString(CultureInfo.InvariantCulture) ?? "own"}"),
        Kind,
        $"An event ('{topic}') could not be applied: {reason}. What it told is missing until it is replayed or discarded (GET /dead-letters).",
        connection, null, null, at);

    /// <summary>Closes a tenant's incidents of connections that have no dead letter any more; returns how many.</summary>
    public async Task<int> CloseSettledAsync(TenantId tenant, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var closed = await session.ExecuteAsync(
            session.Of(
                """
                UPDATE incidents i SET closed_at = $2
                WHERE i.tenant_id = $1 AND i.closed_at IS NULL AND i.kind = $4 AND i.seen_at <= $3 AND NOT EXISTS (
                  SELECT FROM inbox e
                  WHERE e.tenant_id = $1 AND e.state = 2 AND e.connection_id IS NOT DISTINCT FROM i.connection_id)
                """,
                Sql.P(now), Sql.P(now - Quiet), Sql.P(Kind)),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return closed;
    }

    /// <summary>Opens the incident of an event that died in a session's transaction.</summary>
    internal static NpgsqlBatchCommand Open(StorageSession session, InboxItem item, string reason, DateTimeOffset at) =>
        CaseRows.UpsertIncidents(session, [Of(item.Connection, item.Topic, reason, at)]);
}
