using System.Collections.Immutable;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Ledger;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Explaining;

/// <summary>Pushes with what caused and what proved them.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class PushProofStore(NpgsqlDataSource source)
{
    /// <summary>Entries given as causes of one level of a push.</summary>
    public const int MostCauses = 10;

    private const string Columns =
        "p.push_id, p.connection_id, p.state, p.elements, p.planned_at, p.sent_at, p.settled_at, p.deadline, p.fault, p.kind";

    private const string Narrowed =
        """
        p.tenant_id = $1 AND ($2::bigint IS NULL OR p.connection_id = $2) AND ($3::smallint IS NULL OR p.state = $3)
        AND ($4::timestamptz IS NULL OR p.planned_at >= $4) AND ($5::timestamptz IS NULL OR p.planned_at < $5)
        AND ($6::uuid IS NULL OR p.push_id < $6)
        """;

    /// <summary>Pushes, newest first; their ids are in order of time.</summary>
    /// <param name="before">Only earlier ids.</param>
    /// <param name="count">At most so many.</param>
    public async Task<List<PushView>> ListAsync(TenantId tenant, PushFilter filter, Guid? before, int count, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(filter);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        NpgsqlParameter[] narrow =
        [
            Sql.P(filter.Connection?.Value), Sql.P((short?)filter.State), Sql.P(filter.From), Sql.P(filter.Until),
            new() { Value = (object?)before ?? DBNull.Value, DataTypeName = "uuid" }, Sql.P(count),
        ];
        var statement = filter.Sku is { } sku
            ? session.Of(
                $"""
                SELECT {Columns}
                FROM (
                  SELECT DISTINCT e.push_id, e.planned_at FROM listing_levels l JOIN push_levels e ON e.tenant_id = $1 AND e.level_id = l.level_id
                    AND ($4::timestamptz IS NULL OR e.planned_at >= $4) AND ($5::timestamptz IS NULL OR e.planned_at < $5)
                  WHERE l.tenant_id = $1 AND l.sku_id = $8) o
                JOIN pushes p ON p.push_id = o.push_id AND p.planned_at = o.planned_at
                WHERE {Narrowed} ORDER BY p.push_id DESC LIMIT $7
                """,
                [.. narrow, Sql.P(sku.Value)])
            : session.Of($"SELECT {Columns} FROM pushes p WHERE {Narrowed} ORDER BY p.push_id DESC LIMIT $7", narrow);
        return await session.QueryAsync(statement, ReadPush, ct).ConfigureAwait(false);
    }

    /// <summary>One push with its proof, and what people call its places; null when there is no such push.</summary>
    public async Task<(PushProof Proof, StockNames Names)?> FindAsync(TenantId tenant, Guid push, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await using var batch = session.Batch(
            session.Of($"SELECT {Columns}, p.body FROM pushes p WHERE p.tenant_id = $1 AND p.push_id = $2", Sql.P(push)),
            session.Of(ElementsSql, Sql.P(push)), session.Of(CausesSql, Sql.P(push), Sql.P(MostCauses + 1)),
            MomentReader.Places(session), MomentReader.Channels(session));
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var found = await StorageSession.ReadAsync(reader, row => (Push: ReadPush(row), Body: row.GetString(10)), ct).ConfigureAwait(false);
        if (found is not [var (view, body)])
        {
            return null;
        }

        var elements = await NextAsync(reader, ReadElement, ct).ConfigureAwait(false);
        var causes = await NextAsync(reader, ReadCause, ct).ConfigureAwait(false);
        var places = await NextAsync(reader, MomentReader.ReadPlace, ct).ConfigureAwait(false);
        var channels = await NextAsync(reader, MomentReader.ReadChannel, ct).ConfigureAwait(false);
        await reader.DisposeAsync().ConfigureAwait(false);

        var events = await session.QueryAsync(
            TraceReader.Events(session, causes.ConvertAll(c => c.Entry)), TraceReader.ReadEvent, ct).ConfigureAwait(false);
        var names = new StockNames(places.ToImmutableDictionary(p => p.Id, p => p.Code), channels.ToImmutableDictionary(c => c.Id, c => c.Name));
        return (new PushProof(view, body, Join(elements, causes, events.ToDictionary(e => e.Id))), names);
    }

    /// <summary>Whether a push that is not found may have been dropped: since when pushes are kept, where its id is of an earlier time.</summary>
    public async Task<DateTimeOffset?> KeptOnlyFromAsync(TenantId tenant, Guid push, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var kept = await session.QueryAsync(PushRetention.KeptFrom(session), row => row.Moment(0), ct).ConfigureAwait(false);
        return kept is [var from] && PushIds.PlannedAt(push) < from ? from : null;
    }

    private static List<ElementProof> Join(
        List<ElementProof> elements, List<(LevelId Level, RecordedEntry Entry)> causes, Dictionary<long, EventTrace> events)
    {
        var ofLevel = causes.ToLookup(c => c.Level, c => c.Entry);
        return elements.ConvertAll(e => e with
        {
            Causes =
            [
                .. ofLevel[e.Level].Take(MostCauses).Select(c => new CauseOfPush(
                    c.Id, c.RecordedAt, c.Entry, c.Entry.InboxEvent is { } id ? events.GetValueOrDefault(id) : null)),
            ],
            MoreCauses = ofLevel[e.Level].Count() > MostCauses,
        });
    }

    private static async Task<List<T>> NextAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read, CancellationToken ct)
    {
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, read, ct).ConfigureAwait(false);
    }

    private static PushView ReadPush(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetInt64(1), (PushState)row.GetInt16(2), row.GetInt32(3), row.Moment(4), row.Nullable<DateTimeOffset>(5),
        row.Nullable<DateTimeOffset>(6), row.Moment(7), row.Text(8), (PushKind)row.GetInt16(9));

    private static ElementProof ReadElement(NpgsqlDataReader row) => new(
        new LevelId(row.GetInt64(0)), new SkuId(row.GetInt64(1)), row.GetString(2), new ConnectionId(row.GetInt64(3)),
        new LocationId(row.GetInt64(4)), row.GetString(5), row.GetString(6), row.GetInt32(7), row.GetInt32(8),
        row.Nullable<DateTimeOffset>(9), row.Moment(10), row.GetInt32(11), (ElementOutcome?)row.Nullable<short>(12), row.Text(13),
        row.Nullable<DateTimeOffset>(14), row.Nullable<DateTimeOffset>(15), row.Nullable<int>(16), row.GetFieldValue<string[]>(17), [], false);

    private static (LevelId Level, RecordedEntry Entry) ReadCause(NpgsqlDataReader row) => (new LevelId(row.GetInt64(12)), EntryRows.Read(row));

    // The push before it on the same level: what was recorded since then is what this one carries (rule R9). Mostly it lies
    // in the same week or the one before. Where none is kept there may have been one, and nothing is said of its time.
    private const string Since =
        """
        coalesce(
          (SELECT b.planned_at FROM push_levels b
           WHERE b.tenant_id = $1 AND b.level_id = e.level_id AND b.planned_at < e.planned_at AND b.planned_at >= e.planned_at - interval '8 days'
           ORDER BY b.planned_at DESC LIMIT 1),
          (SELECT b.planned_at FROM push_levels b WHERE b.tenant_id = $1 AND b.level_id = e.level_id AND b.planned_at < e.planned_at
           ORDER BY b.planned_at DESC LIMIT 1),
          (SELECT k.kept_from FROM pushes_kept k), '-infinity')
        """;

    private const string Planned = "(SELECT q.planned_at FROM pushes q WHERE q.tenant_id = $1 AND q.push_id = $2 LIMIT 1)";

    private const string ElementsSql =
        $"""
        SELECT e.level_id, e.sku_id, s.code, l.connection_id, l.location_id, e.item_ref, e.external_location_id, e.from_units,
          e.to_units, e.cause_at, e.planned_at, e.changes, e.outcome, e.code, e.acknowledged_at, e.verified_at,
          CASE WHEN e.verified_at IS NOT NULL THEN (
            SELECT h.observed FROM level_history h WHERE h.tenant_id = $1 AND h.level_id = e.level_id AND h.at <= e.verified_at
            ORDER BY h.at DESC, h.history_id DESC LIMIT 1) END,
          ARRAY(
            SELECT DISTINCT h.cause FROM level_history h
            WHERE h.tenant_id = $1 AND h.level_id = e.level_id AND h.at > {Since} AND h.at < e.planned_at AND h.cause NOT IN ('plan', 'settle'))
        FROM push_levels e JOIN listing_levels l USING (tenant_id, level_id) JOIN skus s ON s.tenant_id = $1 AND s.sku_id = e.sku_id
        WHERE e.tenant_id = $1 AND e.push_id = $2 AND e.planned_at = {Planned} ORDER BY e.ordinal
        """;

    private const string CausesSql =
        $"""
        SELECT c.entry_id, c.recorded_at, c.sku_id, c.location_id, c.bucket, c.delta, c.reason, c.fact_key, c.level_id, c.connection_id,
          c.inbox_event_id, c.occurred_at, e.level_id
        FROM push_levels e CROSS JOIN LATERAL (
          SELECT x.* FROM positions p CROSS JOIN LATERAL (
            SELECT * FROM ledger_entries y
            WHERE y.tenant_id = $1 AND y.sku_id = e.sku_id AND y.location_id = p.location_id
              AND y.recorded_at > {Since} AND y.recorded_at <= e.planned_at
            ORDER BY y.recorded_at DESC, y.entry_id DESC LIMIT $3) x
          WHERE p.tenant_id = $1 AND p.sku_id = e.sku_id
          ORDER BY x.recorded_at DESC, x.entry_id DESC LIMIT $3) c
        WHERE e.tenant_id = $1 AND e.push_id = $2 AND e.planned_at = {Planned} ORDER BY e.ordinal, c.recorded_at DESC, c.entry_id DESC
        """;
}
