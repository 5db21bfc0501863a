using SyncFlow.Core.Brakes;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Brakes;

/// <summary>A bulk change as it is stored.</summary>
/// <param name="Before">The change that puts back what it replaced; null where the ledger says what it did.</param>
internal sealed record StoredChange(
    long Id, ChangeKind Kind, ChangeState State, string Why, string Who, BulkChange Change, BulkChange? Before,
    string? Trip, long? Undoes, long? UndoneBy, int Version, DateTimeOffset CreatedAt, DateTimeOffset? DecidedAt, string? DecidedBy,
    string? DecisionNote);

/// <summary>The changes that were done up to a moment.</summary>
internal readonly record struct ChangeMark(long Newest, DateTimeOffset DecidedAt);

/// <summary>How bulk changes lie in their tables.</summary>
internal static class ChangeRows
{
    private const int SampleSize = 50;

    private const string Columns =
        """
        change_id, kind, state, why, who, payload::text, before::text, trip, undoes, undone_by, version, created_at, decided_at,
        decided_by, decision_note
        """;

    /// <summary>One change, locked until the session ends; or null.</summary>
    public static async Task<StoredChange?> LockAsync(StorageSession session, long id, CancellationToken ct)
    {
        var found = await session.QueryAsync(
            session.Of($"SELECT {Columns} FROM bulk_changes WHERE tenant_id = $1 AND change_id = $2 FOR NO KEY UPDATE", Sql.P(id)), Read, ct).ConfigureAwait(false);
        return found.SingleOrDefault();
    }

    /// <summary>Changes, newest first.</summary>
    public static Task<List<StoredChange>> ListAsync(
        StorageSession session, long? id, ChangeState? state, long? before, int count, CancellationToken ct) => session.QueryAsync(
        session.Of(
            $"""
            SELECT {Columns} FROM bulk_changes
            WHERE tenant_id = $1 AND ($2::bigint IS NULL OR change_id = $2) AND ($3::smallint IS NULL OR state = $3)
              AND ($4::bigint IS NULL OR change_id < $4)
            ORDER BY change_id DESC LIMIT $5
            """,
            Sql.P(id), Sql.P((short?)state), Sql.P(before), Sql.P(count)),
        Read,
        ct);

    /// <summary>Names what has been done so far: it is another after any change was done.</summary>
    public static async Task<ChangeMark> MarkAsync(StorageSession session, CancellationToken ct) => (await session.QueryAsync(
        session.Of("SELECT coalesce(max(change_id), 0), coalesce(max(decided_at), 'epoch') FROM bulk_changes WHERE tenant_id = $1 AND state IN (2, 4)"),
        row => new ChangeMark(row.GetInt64(0), row.Moment(1)),
        ct).ConfigureAwait(false))[0];

    /// <summary>The change that waits and says exactly this already; or null.</summary>
    public static async Task<long?> FindWaitingAsync(StorageSession session, BulkChange change, CancellationToken ct)
    {
        var found = await session.QueryAsync(
            session.Of(
                "SELECT change_id FROM bulk_changes WHERE tenant_id = $1 AND state = 1 AND kind = $2 AND payload = $3::jsonb ORDER BY change_id LIMIT 1",
                Sql.P((short)change.Kind), Sql.P(ChangeForms.Write(change))),
            row => row.GetInt64(0),
            ct).ConfigureAwait(false);
        return found.Count == 0 ? null : found[0];
    }

    /// <summary>Stores a new change that waits; returns its id.</summary>
    public static async Task<long> InsertAsync(
        StorageSession session, BulkChange change, string why, string who, string? trip, long? undoes, DateTimeOffset at, CancellationToken ct)
    {
        var ids = await session.QueryAsync(
            session.Of(
                """
                INSERT INTO bulk_changes (tenant_id, kind, state, why, who, payload, trip, undoes, created_at)
                VALUES ($1, $2, 1, $3, $4, $5::jsonb, $6, $7, $8) RETURNING change_id
                """,
                Sql.P((short)change.Kind), Sql.P(why), Sql.P(who), Sql.P(ChangeForms.Write(change)), Sql.P(trip), Sql.P(undoes), Sql.P(at)),
            row => row.GetInt64(0),
            ct).ConfigureAwait(false);
        return ids[0];
    }

    /// <summary>Replaces what is shown of a change.</summary>
    public static async Task ShowAsync(StorageSession session, long change, IReadOnlyList<LevelEffect> effects, CancellationToken ct)
    {
        await using var batch = session.Batch(
            session.Of("DELETE FROM change_levels WHERE tenant_id = $1 AND change_id = $2", Sql.P(change)),
            session.Of(
                """
                INSERT INTO change_levels (tenant_id, change_id, level_id, connection_id, sku_id, before_units, after_units)
                SELECT $1, $2, d.* FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::int[], $7::int[]) AS d
                """,
                Sql.P(change), Sql.Column(effects, e => e.Level.Value), Sql.Column(effects, e => e.Connection.Value),
                Sql.Column(effects, e => e.Sku.Value), Sql.Column(effects, e => e.Before), Sql.Column(effects, e => e.After)));
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Notes that a change is not what somebody may have seen any more, and what it says by now.</summary>
    public static Task ChangedAsync(StorageSession session, long id, BulkChange change, CancellationToken ct) => session.ExecuteAsync(
        session.Of(
            "UPDATE bulk_changes SET version = version + 1, payload = $3::jsonb WHERE tenant_id = $1 AND change_id = $2",
            Sql.P(id), Sql.P(ChangeForms.Write(change))),
        ct);

    /// <summary>Writes a decision, or what it did.</summary>
    public static Task DecideAsync(
        StorageSession session, long change, ChangeState state, string who, string? note, BulkChange? before, DateTimeOffset at,
        CancellationToken ct) => session.ExecuteAsync(
        session.Of(
            """
            UPDATE bulk_changes SET state = $3, decided_by = $4, decision_note = $5, before = $6::jsonb, decided_at = $7, version = version + 1
            WHERE tenant_id = $1 AND change_id = $2
            """,
            Sql.P(change), Sql.P((short)state), Sql.P(who), Sql.P(note),
            Sql.P(before is null ? null : ChangeForms.Write(before)), Sql.P(at)),
        ct);

    /// <summary>A change with what is shown of it.</summary>
    public static async Task<ChangeView> ViewAsync(StorageSession session, StoredChange stored, CancellationToken ct)
    {
        var sample = await ChangePreview.ShownAsync(session, stored.Id, ct, SampleSize).ConfigureAwait(false);
        var impact = await ChangePreview.ShownImpactAsync(session, stored.Id, ct).ConfigureAwait(false);
        return new ChangeView(
            stored.Id, stored.Kind, stored.State, stored.Why, stored.Who, stored.Trip,
            impact, [.. sample.Select(View)], stored.Undoes, stored.UndoneBy, stored.Version, stored.CreatedAt,
            stored.DecidedAt, stored.DecidedBy, stored.DecisionNote, ChangeForms.Rule(stored.Change));
    }

    public static EffectView View(LevelEffect e) => new(e.Sku.Value, e.Level.Value, e.Connection.Value, e.Before, e.After);

    private static StoredChange Read(Npgsql.NpgsqlDataReader row)
    {
        var kind = (ChangeKind)row.GetInt16(1);
        return new StoredChange(
            row.GetInt64(0), kind, (ChangeState)row.GetInt16(2), row.GetString(3), row.GetString(4), ChangeForms.Read(kind, row.GetString(5)),
            row.Text(6) is { } before ? ChangeForms.Read(kind, before) : null, row.Text(7), row.Nullable<long>(8), row.Nullable<long>(9), row.GetInt32(10),
            row.Moment(11), row.Nullable<DateTimeOffset>(12), row.Text(13), row.Text(14));
    }
}
