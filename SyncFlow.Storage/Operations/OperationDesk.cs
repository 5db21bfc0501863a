using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Operations;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Operations;

/// <summary>Takes stock operations in, each with its inbox event in one transaction, and shows what became of them.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class OperationDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Ids of SKUs and locations by their codes, as <see cref="SkuDesk.KeyOf"/> and as written.</summary>
    public async Task<CodeBook> CodesAsync(long tenant, IEnumerable<string> skus, IEnumerable<string> locations, CancellationToken ct)
    {
        const string sql =
            """
            SELECT 1, s.code_key, s.sku_id,
              EXISTS (SELECT FROM sku_components c WHERE c.tenant_id = s.tenant_id AND c.kit_sku_id = s.sku_id)
            FROM skus s WHERE s.tenant_id = $1 AND s.code_key = ANY ($2)
            UNION ALL SELECT 2, code, location_id, false FROM locations WHERE tenant_id = $1 AND code = ANY ($3)
            """;
        var rows = await source.ListAsync(
            tenant,
            sql,
            row => (IsSku: row.GetInt32(0) == 1, Code: row.GetString(1), Id: row.GetInt64(2), IsKit: row.GetBoolean(3)),
            [skus.Select(SkuDesk.KeyOf).Distinct().ToArray(), locations.Select(code => code.Trim()).Distinct().ToArray()],
            ct).ConfigureAwait(false);
        return new CodeBook(
            rows.Where(r => r.IsSku).ToDictionary(r => r.Code, r => r.Id, StringComparer.Ordinal),
            rows.Where(r => !r.IsSku).ToDictionary(r => r.Code, r => r.Id, StringComparer.Ordinal),
            rows.Where(r => r.IsKit).Select(r => r.Id).ToHashSet());
    }

    private readonly FactsBrake _brake = new(time);

    /// <summary>
    /// Takes operations in, all or none. Where the corrections and counts among them would raise too many levels, they are
    /// booked all the same, and what they raise waits.
    /// </summary>
    /// <param name="operations">Each key once.</param>
    /// <param name="judged">What <see cref="HoldAsync"/> found of the whole that they are part of; null where they are the whole.</param>
    /// <returns>What became of each, in their order.</returns>
    public async Task<List<TakenIn>> TakeInAsync(
        long tenant, string actor, IReadOnlyList<PreparedOperation> operations, JudgedFacts? judged, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(operations);
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var change = judged?.ChangeId;
        if (judged is null && await _brake.JudgeAsync(session, actor, operations.Select(o => o.Draft), ct).ConfigureAwait(false) is { } held)
        {
            change = await _brake.HoldAsync(session, held, actor, ct).ConfigureAwait(false);
        }

        var taken = await TakeInAsync(session, actor, operations, time.GetUtcNow(), ct, change).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return taken;
    }

    /// <summary>
    /// Looks at operations that are to be taken in by and by, as the one cause that they are, and holds what they raise where
    /// that is too much.
    /// </summary>
    /// <param name="lookOnly">Whether nothing is to be held yet.</param>
    public async Task<JudgedFacts> HoldAsync(
        long tenant, string actor, IReadOnlyList<OperationDraft> drafts, bool lookOnly, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        if (await _brake.JudgeAsync(session, actor, drafts, ct).ConfigureAwait(false) is not { } held)
        {
            return new JudgedFacts(null, null);
        }

        if (lookOnly)
        {
            return new JudgedFacts(held.Trip, null);
        }

        var change = await _brake.HoldAsync(session, held, actor, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return new JudgedFacts(held.Trip, change);
    }

    /// <summary>Takes operations in; they exist when the session commits.</summary>
    /// <param name="change">The bulk change that holds what the corrections and counts among them raise; null where nothing is held.</param>
    internal static async Task<List<TakenIn>> TakeInAsync(
        StorageSession session, string actor, IReadOnlyList<PreparedOperation> operations, DateTimeOffset at, CancellationToken ct, long? change = null)
    {
        var drafts = operations.Select(o => o.Draft).ToList();
        var stored = (await session.QueryAsync(Insert(session, actor, drafts, change, at), row => (row.GetString(0), row.GetInt64(1)), ct)
            .ConfigureAwait(false)).ToDictionary(r => r.Item1, r => r.Item2, StringComparer.Ordinal);

        // One statement later: it sees what a caller committed whom the insert had to wait for.
        var known = await KnownAsync(session, drafts.Where(d => !stored.ContainsKey(d.Key)).ToList(), ct).ConfigureAwait(false);
        var events = operations.Where(o => stored.ContainsKey(o.Draft.Key)).Select(o => new InboxEvent(
            session.Tenant, null, o.Content, o.Draft.Key, o.Draft.Document, o.Draft.OccurredAt, at, null, o.Content, o.Body)).ToList();
        await InboxStore.AppendAsync(session, events, ct).ConfigureAwait(false);
        return drafts.ConvertAll(d => stored.TryGetValue(d.Key, out var id) ? new TakenIn(id, IsNew: true, Conflicts: false, change) : known[d.Key]);
    }

    /// <summary>Operations, newest first, with their ledger entries.</summary>
    public async Task<List<OperationView>> ListAsync(long tenant, OperationFilter filter, long? before, int count, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(filter);
        const string sql =
            $"""
            SELECT {OperationRows.Columns} FROM (
              SELECT * FROM stock_operations
              WHERE tenant_id = $1 AND ($2::text IS NULL OR document = $2) AND ($3::smallint IS NULL OR kind = $3)
                AND ($4::bigint IS NULL OR sku_id = $4) AND ($5::bigint IS NULL OR location_id = $5 OR other_location_id = $5)
                AND ($6::text IS NULL OR operation_key = $6) AND ($7::timestamptz IS NULL OR occurred_at >= $7)
                AND ($8::timestamptz IS NULL OR occurred_at < $8) AND ($9::bigint IS NULL OR operation_id < $9)
              ORDER BY operation_id DESC LIMIT $10) o
            {OperationRows.Joins} ORDER BY o.operation_id DESC
            """;
        var found = await source.ListAsync(
            tenant, sql, OperationRows.Read,
            [
                filter.Document, (short?)filter.Kind, filter.SkuId, filter.LocationId, filter.Key, filter.Since?.ToUniversalTime(),
                filter.Until?.ToUniversalTime(), before, count,
            ],
            ct).ConfigureAwait(false);
        return await WithEntriesAsync(tenant, found, ct).ConfigureAwait(false);
    }

    /// <summary>One operation, or null.</summary>
    public async Task<OperationView?> FindAsync(long tenant, long id, CancellationToken ct)
    {
        const string sql =
            $"SELECT {OperationRows.Columns} FROM stock_operations o {OperationRows.Joins} WHERE o.tenant_id = $1 AND o.operation_id = $2";
        var found = await source.ListAsync(tenant, sql, OperationRows.Read, [id], ct).ConfigureAwait(false);
        return (await WithEntriesAsync(tenant, found, ct).ConfigureAwait(false)).SingleOrDefault();
    }

    /// <summary>An operation as it was taken in, by its fact key; or null.</summary>
    public Task<OperationDraft?> FindDraftAsync(long tenant, string key, CancellationToken ct)
    {
        const string sql =
            """
            SELECT operation_key, kind, sku_id, location_id, units, occurred_at, from_condition, to_condition, reason_code, document, note,
              other_location_id
            FROM stock_operations WHERE tenant_id = $1 AND operation_key = $2
            """;
        return source.FirstAsync(
            tenant,
            sql,
            row => new OperationDraft(
                row.GetString(0), (OperationKind)row.GetInt16(1), row.GetInt64(2), row.GetInt64(3), row.GetInt32(4), row.Time(5), true,
                row.IsDBNull(6) ? null : (StockCondition)row.GetInt16(6), row.IsDBNull(7) ? null : (StockCondition)row.GetInt16(7),
                row.Text(8), row.Text(9), row.Text(10), row.LongOrNull(11)),
            [key],
            ct);
    }

    /// <summary>Where operations stand, by key.</summary>
    public async Task<Dictionary<string, OperationView>> StatesAsync(long tenant, IReadOnlyCollection<string> keys, CancellationToken ct)
    {
        const string sql =
            $"SELECT {OperationRows.Columns} FROM stock_operations o {OperationRows.Joins} WHERE o.tenant_id = $1 AND o.operation_key = ANY ($2)";
        var found = await source.ListAsync(tenant, sql, OperationRows.Read, [keys.ToArray()], ct).ConfigureAwait(false);
        return found.ToDictionary(o => o.Key, StringComparer.Ordinal);
    }

    private async Task<List<OperationView>> WithEntriesAsync(long tenant, List<OperationView> operations, CancellationToken ct)
    {
        // The reasons are those of the index on entries of operations.
        const string sql =
            """
            SELECT e.fact_key, e.entry_id, l.code, e.bucket, e.delta, e.reason, e.occurred_at, e.recorded_at
            FROM ledger_entries e JOIN locations l USING (tenant_id, location_id)
            WHERE e.tenant_id = $1 AND e.fact_key = ANY ($2) AND e.reason IN (4, 5, 9, 10, 20, 21, 22, 23, 24, 25) AND e.connection_id IS NULL
            ORDER BY e.entry_id
            """;
        var entries = (await source.ListAsync(
            tenant,
            sql,
            row => (Key: row.GetString(0), Entry: new OperationEntry(
                row.GetInt64(1), row.GetString(2), (Bucket)row.GetInt16(3), row.GetInt32(4), (EntryReason)row.GetInt16(5), row.Time(6), row.Time(7))),
            [operations.Select(o => o.Key).ToArray()],
            ct).ConfigureAwait(false)).ToLookup(e => e.Key, e => e.Entry, StringComparer.Ordinal);
        return operations.ConvertAll(o => o with { Entries = [.. entries[o.Key]] });
    }

    private static NpgsqlBatchCommand Insert(
        StorageSession session, string actor, List<OperationDraft> drafts, long? change, DateTimeOffset at) => session.Of(
        """
        INSERT INTO stock_operations (tenant_id, operation_key, kind, document, sku_id, location_id, other_location_id, units,
          from_condition, to_condition, reason_code, note, occurred_at, actor, accepted_at, change_id)
        SELECT $1, key, kind, document, sku, location, other, units, from_c, to_c, reason, note, occurred, $2, $3, change
        FROM unnest($4::text[], $5::smallint[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::int[], $11::smallint[],
          $12::smallint[], $13::text[], $14::text[], $15::timestamptz[], $16::bigint[]) WITH ORDINALITY
          AS d (key, kind, document, sku, location, other, units, from_c, to_c, reason, note, occurred, change, ordinal)
        ORDER BY ordinal ON CONFLICT (tenant_id, operation_key) DO NOTHING RETURNING operation_key, operation_id
        """,
        Sql.P(actor), Sql.P(DatabaseTime.Of(at)),
        Sql.Column(drafts, d => d.Key), Sql.Column(drafts, d => (short)d.Kind), Sql.Column(drafts, d => d.Document),
        Sql.Column(drafts, d => d.SkuId), Sql.Column(drafts, d => d.LocationId), Sql.Column(drafts, d => d.OtherLocationId),
        Sql.Column(drafts, d => d.Units), Sql.Column(drafts, d => (short?)d.From), Sql.Column(drafts, d => (short?)d.To),
        Sql.Column(drafts, d => d.Reason), Sql.Column(drafts, d => d.Note), Sql.Column(drafts, d => DatabaseTime.Of(d.OccurredAt)),
        Sql.Column(drafts, d => StockFacts.IsWord(d.Kind) ? change : null));

    private static async Task<Dictionary<string, TakenIn>> KnownAsync(StorageSession session, List<OperationDraft> drafts, CancellationToken ct)
    {
        if (drafts.Count == 0)
        {
            return [];
        }

        var byKey = drafts.ToDictionary(d => d.Key, StringComparer.Ordinal);
        var known = await session.QueryAsync(
            session.Of(
                """
                SELECT o.operation_key, o.operation_id, o.kind, o.sku_id, o.location_id, o.other_location_id, o.units, o.from_condition,
                  o.to_condition, o.occurred_at, c.change_id
                FROM stock_operations o LEFT JOIN bulk_changes c ON c.tenant_id = $1 AND c.change_id = o.change_id AND c.state = 1
                WHERE o.tenant_id = $1 AND o.operation_key = ANY ($2)
                """,
                Sql.P(byKey.Keys.ToArray())),
            row =>
            {
                var draft = byKey[row.GetString(0)];
                var same = (short)draft.Kind == row.GetInt16(2) && draft.SkuId == row.GetInt64(3) && draft.LocationId == row.GetInt64(4)
                    && draft.OtherLocationId == row.Nullable<long>(5) && draft.Units == row.GetInt32(6)
                    && (short?)draft.From == row.Nullable<short>(7) && (short?)draft.To == row.Nullable<short>(8)
                    && (!draft.TimeGiven || DatabaseTime.Of(draft.OccurredAt) == row.Moment(9));
                return (draft.Key, Taken: new TakenIn(row.GetInt64(1), IsNew: false, Conflicts: !same, row.Nullable<long>(10)));
            },
            ct).ConfigureAwait(false);
        return known.ToDictionary(k => k.Key, k => k.Taken, StringComparer.Ordinal);
    }
}

/// <summary>Ids by code.</summary>
/// <param name="Skus">By <see cref="SkuDesk.KeyOf"/>.</param>
/// <param name="Locations">By the code as it was written, trimmed.</param>
public sealed record CodeBook(
    IReadOnlyDictionary<string, long> Skus, IReadOnlyDictionary<string, long> Locations, IReadOnlySet<long> Kits)
{
    /// <summary>Whether a code names a kit: it holds nothing of its own.</summary>
    public bool IsKit(string? code) => Sku(code) is { } id && Kits.Contains(id);

    /// <summary>A SKU's id, or null.</summary>
    public long? Sku(string? code) => code is not null && Skus.TryGetValue(SkuDesk.KeyOf(code), out var id) ? id : null;

    /// <summary>A location's id, or null.</summary>
    public long? Location(string? code) => code is not null && Locations.TryGetValue(code.Trim(), out var id) ? id : null;
}
