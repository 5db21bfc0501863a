using System.Globalization;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources.Capture;

/// <summary>
/// Keeps deletions that would take away much as a file that waits for a person: approved, they are booked as of when they
/// were made, so what was told since is newer and stays; rejected, they never happened.
/// </summary>
internal static class DeletionHold
{
    /// <summary>Who such a file is from.</summary>
    private const string By = "change capture";

    /// <param name="File">The file that is open already; null where none is.</param>
    /// <param name="Decided">When a person last decided on one.</param>
    private sealed record Standing(DeletionWindow? Window, long? File, DateTimeOffset? Decided);

    /// <summary>Holds what may not be booked; returns the ids of it. The caller has the capture's lease.</summary>
    /// <param name="deletions">Events of deleted rows, in their order.</param>
    public static async Task<IReadOnlySet<string>> HoldAsync(
        StorageSession session, ConnectionId connection, IReadOnlyList<SourceEvent> deletions, DateTimeOffset at, CancellationToken ct)
    {
        var taking = deletions.Count == 0 ? [] : await WithUnitsAsync(session, connection, deletions, ct).ConfigureAwait(false);
        if (taking.Count == 0)
        {
            return new HashSet<string>();
        }

        var standing = await StandingAsync(session, connection, ct).ConfigureAwait(false);
        var window = standing.Window is { } open && open.Since > at - DeletionGuard.Window && !(standing.Decided > open.Since)
            ? open
            : new DeletionWindow(at, await KnownAsync(session, connection, ct).ConfigureAwait(false), 0);
        var may = (int)Math.Min(taking.Count, standing.File is null ? DeletionGuard.MayPass(window) : 0);
        window = window with { Gone = window.Gone + may };
        await session.ExecuteAsync(
            session.Of(
                "UPDATE source_captures SET deletions_since = $3, deletions_known = $4, deletions = $5 WHERE tenant_id = $1 AND connection_id = $2",
                Sql.P(connection.Value), Sql.P(window.Since), Sql.P(window.Known), Sql.P(window.Gone)),
            ct).ConfigureAwait(false);
        var held = taking.GetRange(may, taking.Count - may).ConvertAll(JustBefore);
        if (held.Count > 0)
        {
            await KeepAsync(session, connection, standing.File, window, held, at, ct).ConfigureAwait(false);
        }

        return held.Select(e => e.Id).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>
    /// A held deletion is booked after what followed it, also in its own transaction: there a row often comes back, and
    /// what came back is newer.
    /// </summary>
    private static SourceEvent JustBefore(SourceEvent deletion) => deletion with
    {
        OccurredAt = deletion.OccurredAt.AddMicroseconds(-1),
        Sequence = deletion.Sequence is > 0 and var number ? number - 1 : deletion.Sequence,
    };

    /// <summary>Those of positions that have units; each position counts once.</summary>
    private static async Task<List<SourceEvent>> WithUnitsAsync(
        StorageSession session, ConnectionId connection, IReadOnlyList<SourceEvent> deletions, CancellationToken ct)
    {
        var found = await session.QueryAsync(
            session.Of(
                """
                SELECT d.n FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS d (item, place, n)
                LEFT JOIN source_items i ON i.tenant_id = $1 AND i.connection_id = $2 AND i.item_key = d.item
                LEFT JOIN skus k ON k.tenant_id = $1 AND k.code_key = d.item
                JOIN source_positions p ON p.tenant_id = $1 AND p.connection_id = $2 AND p.sku_id = coalesce(i.sku_id, k.sku_id) AND p.place = d.place
                WHERE p.on_hand > 0 ORDER BY d.n
                """,
                Sql.P(connection.Value), Sql.Column(deletions, e => SkuDesk.KeyOf(e.Item)), Sql.Column(deletions, e => e.Place)),
            row => (int)row.GetInt64(0) - 1, ct).ConfigureAwait(false);
        return [.. found.Distinct().Select(n => deletions[n])];
    }

    private static async Task<Standing> StandingAsync(StorageSession session, ConnectionId connection, CancellationToken ct)
    {
        // The file's lock keeps a person's word apart from rows that are being added.
        var open = await session.QueryAsync(
            session.Of(
                "SELECT file_id FROM source_files WHERE tenant_id = $1 AND connection_id = $2 AND kind = $3 AND state = 2 FOR NO KEY UPDATE",
                Sql.P(connection.Value), Sql.P((short)SourceFileKind.CapturedDeletions)),
            row => row.GetInt64(0), ct).ConfigureAwait(false);
        var found = await session.QueryAsync(
            session.Of(
                """
                SELECT c.deletions_since, c.deletions_known, c.deletions, (
                  SELECT max(f.decided_at) FROM source_files f WHERE f.tenant_id = $1 AND f.connection_id = $2 AND f.kind = $3)
                FROM source_captures c WHERE c.tenant_id = $1 AND c.connection_id = $2
                """,
                Sql.P(connection.Value), Sql.P((short)SourceFileKind.CapturedDeletions)),
            row => new Standing(
                row.Nullable<DateTimeOffset>(0) is { } since ? new DeletionWindow(since, row.GetInt64(1), row.GetInt64(2)) : null,
                open.Count == 0 ? null : open[0], row.Nullable<DateTimeOffset>(3)),
            ct).ConfigureAwait(false);
        return found.SingleOrDefault() ?? new Standing(null, open.Count == 0 ? null : open[0], null);
    }

    private static async Task<long> KnownAsync(StorageSession session, ConnectionId connection, CancellationToken ct) => (await session.QueryAsync(
        session.Of("SELECT count(*) FROM source_positions WHERE tenant_id = $1 AND connection_id = $2 AND on_hand > 0", Sql.P(connection.Value)),
        row => row.GetInt64(0), ct).ConfigureAwait(false))[0];

    private static async Task KeepAsync(
        StorageSession session, ConnectionId connection, long? open, DeletionWindow window, List<SourceEvent> held, DateTimeOffset at, CancellationToken ct)
    {
        var (file, rows) = (await session.QueryAsync(
            open is { } known
                ? session.Of(
                    """
                    UPDATE source_files SET rows = rows + $3, zeroed = zeroed + $3, listed = greatest(0, listed - $3) WHERE tenant_id = $1 AND file_id = $2
                    RETURNING file_id, rows
                    """,
                    Sql.P(known), Sql.P(held.Count))
                : session.Of(
                    """
                    INSERT INTO source_files (tenant_id, connection_id, kind, state, rows, known, listed, zeroed, received_by, received_at)
                    VALUES ($1, $2, $3, 2, $4, $5, greatest(0, $5 - $4), $4, $6, $7) RETURNING file_id, rows
                    """,
                    Sql.P(connection.Value), Sql.P((short)SourceFileKind.CapturedDeletions), Sql.P(held.Count), Sql.P(window.Known), Sql.P(By), Sql.P(at)),
            row => (row.GetInt64(0), row.GetInt32(1)), ct).ConfigureAwait(false))[0];
        var why = string.Create(
            CultureInfo.InvariantCulture, $"the source's database deleted {rows} positions more than may go at once, of {window.Known} with units");
        foreach (var chunk in held.Select((e, i) => new FileRow(rows - held.Count + 1 + i, e)).Chunk(SourceBatch.MostEvents))
        {
            await session.ExecuteAsync(SourceFileRows.AddWaiting(session, file, chunk), ct).ConfigureAwait(false);
        }

        await session.ExecuteAsync(session.Of("UPDATE source_files SET held_because = $3 WHERE tenant_id = $1 AND file_id = $2", Sql.P(file), Sql.P(why)), ct).ConfigureAwait(false);
        await session.ExecuteAsync(SourceFreeze.FeedHeld(session, connection, file, why, at), ct).ConfigureAwait(false);
    }
}
