using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Channels;

/// <summary>A level to be read, with the cumulative counters that a reading is compared by.</summary>
/// <param name="WasRead">Whether it was in service before: then its bound stands until it is known to be gone.</param>
public sealed record LevelMark(
    LevelId Level, SkuId Sku, string ItemRef, string ExternalLocation, LevelStatus Status, int Generation, long Sold,
    long PutBack, long Pushed, int OpenClaims, bool WasRead, int OnHand, long Parked);

/// <summary>Which levels a reading is wanted of.</summary>
public enum MarkWish
{
    /// <summary>Those whose compare was stale.</summary>
    Attribution,

    /// <summary>Those with anything unproven, and new ones of a live connection.</summary>
    Unproven,

    /// <summary>All that are not in service yet.</summary>
    Baseline,

    /// <summary>All that have been read exactly before: those a resumed connection reads anew.</summary>
    Known,
}

/// <summary>Levels that want to be read.</summary>
/// <param name="source">Of the role worker.</param>
public sealed class LevelMarks(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Levels asked for in one transaction, so that their SKUs are not locked for long.</summary>
    private const int AskedAtOnce = 1_000;

    // A write through zero waits for a reading that shows it (SyncFlow.Core.Levels.LevelState.MayBeRead).
    private const string Readable = " AND (in_flight_push IS NULL OR in_flight_deadline <= $3 OR in_flight_kind = 1)";

    /// <summary>Whether any level of the connection wants such a reading, and how the connection stands.</summary>
    public async Task<(bool Wanted, ConnectionStatus? Status)> WantedAsync(
        TenantId tenant, ConnectionId connection, MarkWish wish, IReadOnlyCollection<LevelId> except, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var row = await session.QueryAsync(
            session.Of(
                $"""
                SELECT EXISTS (
                  SELECT FROM listing_levels WHERE tenant_id = $1 AND connection_id = $2{Where(wish)}{Readable} AND level_id <> ALL ($4)),
                  (SELECT status FROM connections WHERE tenant_id = $1 AND connection_id = $2)
                """,
                Sql.P(connection.Value), Sql.P(DatabaseTime.Now(time)), Sql.Column([.. except], l => l.Value)),
            r => (r.GetBoolean(0), (ConnectionStatus?)r.Nullable<short>(1)),
            ct).ConfigureAwait(false);
        return row[0];
    }

    /// <summary>The levels that want a reading and have no push on its way, those waiting longest first.</summary>
    /// <param name="after">Only levels with a higher number; for pages of a baseline.</param>
    public async Task<List<LevelMark>> ListAsync(
        TenantId tenant, ConnectionId connection, MarkWish wish, IReadOnlyCollection<LevelId> except, long after, int limit,
        CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var order = wish is MarkWish.Baseline or MarkWish.Known
            ? "level_id"
            : "awaits_attribution DESC, coalesce(observed_seen_at, 'epoch'), level_id";
        return await session.QueryAsync(
            session.Of(
                $"""
                {Columns} WHERE tenant_id = $1 AND connection_id = $2{Where(wish)}{Readable}
                  AND level_id > $4 AND level_id <> ALL($5) ORDER BY {order} LIMIT $6
                """,
                Sql.P(connection.Value), Sql.P(DatabaseTime.Now(time)), Sql.P(after),
                Sql.Column([.. except], l => l.Value), Sql.P(limit)),
            Read,
            ct).ConfigureAwait(false);
    }

    /// <summary>The marks of these levels now; levels with a push on its way are left out.</summary>
    public async Task<List<LevelMark>> TakeAsync(
        TenantId tenant, ConnectionId connection, IReadOnlyList<LevelId> levels, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of(
                $"{Columns} WHERE tenant_id = $1 AND connection_id = $2{Readable} AND level_id = ANY($4) ORDER BY level_id",
                Sql.P(connection.Value), Sql.P(DatabaseTime.Now(time)), Sql.Column(levels, l => l.Value)),
            Read,
            ct).ConfigureAwait(false);
    }

    /// <summary>How many levels of the connection have anything unproven, in service or not.</summary>
    public Task<int> CountAsync(TenantId tenant, ConnectionId connection, MarkWish wish, CancellationToken ct) => ScalarAsync(
        tenant,
        session => session.Of(
            $"SELECT count(*)::int FROM listing_levels WHERE tenant_id = $1 AND connection_id = $2{Where(wish)}",
            Sql.P(connection.Value), Sql.P(DatabaseTime.Now(time))),
        ct);

    /// <summary>
    /// Of a connection that is offered nothing: its levels, those not proven to show nothing yet, and those among them
    /// that will not be because nothing is written to them.
    /// </summary>
    public async Task<(int Total, int Left, int Stuck)> OfferedAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var counted = await session.QueryAsync(
            session.Of(
                """
                SELECT count(*)::int, count(*) FILTER (WHERE open)::int, count(*) FILTER (WHERE open AND status IN (4, 5))::int
                FROM (
                  SELECT status, belief > 0 OR surplus > 0 OR unverified_units > 0 OR in_flight_push IS NOT NULL
                    OR needs_reading AND status NOT IN (4, 5) AS open
                  FROM listing_levels
                  WHERE tenant_id = $1 AND connection_id = $2 AND belief IS NOT NULL AND status <> 6) AS l
                """,
                Sql.P(connection.Value)),
            row => (row.GetInt32(0), row.GetInt32(1), row.GetInt32(2)),
            ct).ConfigureAwait(false);
        return counted[0];
    }

    /// <summary>Asks for a reading of every level in service; returns how many.</summary>
    public async Task<int> AskAllAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        List<LevelId> levels;
        await using (var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false))
        {
            levels = await session.QueryAsync(
                session.Of(
                    "SELECT level_id FROM listing_levels WHERE tenant_id = $1 AND connection_id = $2 AND belief IS NOT NULL AND status NOT IN (6, 60, 62)",
                    Sql.P(connection.Value)),
                row => new LevelId(row.GetInt64(0)),
                ct).ConfigureAwait(false);
        }

        return await AskAsync(tenant, levels, ct).ConfigureAwait(false);
    }

    /// <summary>Asks for a reading of those of these levels that are in service; returns how many.</summary>
    public async Task<int> AskAsync(TenantId tenant, IReadOnlyList<LevelId> levels, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(levels);
        var asked = 0;
        foreach (var part in levels.Chunk(AskedAtOnce))
        {
            await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
            await session.ExecuteAsync(
                session.Of(
                    """
                    SELECT FROM sku_state WHERE tenant_id = $1 AND sku_id IN (
                      SELECT sku_id FROM listing_levels WHERE tenant_id = $1 AND level_id = ANY ($2))
                    ORDER BY sku_id FOR NO KEY UPDATE
                    """,
                    Sql.Column(part, l => l.Value)),
                ct).ConfigureAwait(false);
            asked += await session.ExecuteAsync(
                session.Of(
                    """
                    UPDATE listing_levels SET needs_reading = true
                    WHERE tenant_id = $1 AND level_id = ANY ($2) AND belief IS NOT NULL AND status NOT IN (6, 60, 62)
                    """,
                    Sql.Column(part, l => l.Value)),
                ct).ConfigureAwait(false);
            await session.CommitAsync(ct).ConfigureAwait(false);
        }

        return asked;
    }

    /// <summary>Levels of the connection read since a moment, of those in service.</summary>
    public Task<int> SeenSinceAsync(TenantId tenant, ConnectionId connection, DateTimeOffset since, CancellationToken ct) =>
        ScalarAsync(
            tenant,
            session => session.Of(
                """
                SELECT count(*)::int FROM listing_levels
                WHERE tenant_id = $1 AND connection_id = $2 AND belief IS NOT NULL AND observed_seen_at >= $3
                """,
                Sql.P(connection.Value), Sql.P(DatabaseTime.Of(since))),
            ct);

    private async Task<int> ScalarAsync(TenantId tenant, Func<StorageSession, NpgsqlBatchCommand> statement, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return (await session.QueryAsync(statement(session), row => row.GetInt32(0), ct).ConfigureAwait(false))[0];
    }

    private static string Where(MarkWish wish) => wish switch
    {
        MarkWish.Attribution => " AND awaits_attribution AND status NOT IN (6, 60, 62)",
        // A push whose deadline has passed is settled by a reading, so it wants one. A draft's hold may end unseen. The index
        // knows them by at_work (migration 93), which must be true of whatever is asked for here.
        MarkWish.Unproven => """
             AND at_work AND status NOT IN (6, 60, 62) AND (unverified IS NOT NULL OR needs_reading OR suspense > 0 OR surplus > 0
              OR in_flight_push IS NOT NULL OR status = 1
              OR (draft_holds > 0 AND observed_seen_at < $3 - interval '1 minute'))
            """,
        MarkWish.Baseline => " AND status IN (1, 2)",
        MarkWish.Known => " AND belief IS NOT NULL AND status <> 6",
        _ => throw new ArgumentOutOfRangeException(nameof(wish), wish, "Unknown wish."),
    };

    private static LevelMark Read(NpgsqlDataReader row) => new(
        new LevelId(row.GetInt64(0)), new SkuId(row.GetInt64(1)), row.GetString(2), row.GetString(3),
        (LevelStatus)row.GetInt16(4), row.GetInt32(5), row.GetInt64(6), row.GetInt64(7), row.GetInt64(8), row.GetInt32(9),
        row.GetBoolean(10), row.GetInt32(11), row.GetInt64(12));

    private const string Columns =
        """
        SELECT level_id, sku_id, item_ref, external_location_id, status, generation, sold_total, put_back_total,
          pushed_total, open_claims, belief IS NOT NULL,
          coalesce((SELECT p.on_hand FROM positions p WHERE p.tenant_id = $1 AND p.sku_id = listing_levels.sku_id
            AND p.location_id = listing_levels.location_id), 0),
          coalesce((shelf->>'movedTotal')::bigint, 0)
        FROM listing_levels
        """;
}
