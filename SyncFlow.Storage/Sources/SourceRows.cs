using System.Collections.Immutable;
using System.Text.Json;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources;

/// <summary>Claims and reported positions, as a batch needs and leaves them.</summary>
internal static class SourceRows
{
    private const string ClaimColumns =
        """
        system_id, transaction_id, sku_id, location_id, open_units, left_units, picking_units, shipped_units, posted_units, left_version,
        pick_version, at_till, booked_committed, booked_allocated, booked_unposted, booked_deducted
        """;

    /// <summary>Two statements, to be part of a larger batch.</summary>
    /// <param name="skus">SKUs of the batch.</param>
    public static NpgsqlBatchCommand[] Statements(StorageSession session, long[] skus, SourceRefs refs)
    {
        var transactions = refs.Transactions.ToList();
        var pools = refs.Pools.ToList();
        return
        [
            session.Of(
                $"""
                SELECT {ClaimColumns} FROM source_claims c
                WHERE c.tenant_id = $1 AND c.sku_id = ANY ($2)
                  AND (c.system_id, c.transaction_id) IN (SELECT * FROM unnest($3::bigint[], $4::text[]))
                UNION
                SELECT {ClaimColumns} FROM source_claims c
                WHERE c.tenant_id = $1 AND c.booked_unposted > 0
                  AND (c.sku_id, c.location_id) IN (SELECT * FROM unnest($5::bigint[], $6::bigint[]))
                """,
                Sql.P(skus), Sql.Column(transactions, t => t.System.Value), Sql.Column(transactions, t => t.Id),
                Sql.Column(pools, p => p.Sku.Value), Sql.Column(pools, p => p.Location.Value)),
            session.Of(
                """
                SELECT sku_id, connection_id, place, location_id, known, on_hand, unavailable, version, moved_version, marks::text, moves::text, fact_key
                FROM source_positions WHERE tenant_id = $1 AND sku_id = ANY ($2)
                """,
                Sql.P(skus)),
        ];
    }

    /// <summary>Reads both results, each after the one the reader stands on, into the set.</summary>
    public static async Task ReadAsync(NpgsqlDataReader reader, WorkingSet set, CancellationToken ct)
    {
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        (await StorageSession.ReadAsync(reader, ReadClaim, ct).ConfigureAwait(false)).ForEach(set.Sources.Load);
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        (await StorageSession.ReadAsync(reader, ReadPosition, ct).ConfigureAwait(false)).ForEach(set.Sources.Load);
    }

    /// <summary>Writes claims as the batch left them.</summary>
    public static NpgsqlBatchCommand Upsert(StorageSession session, IReadOnlyList<Claim> claims, DateTimeOffset at) => session.Of(
        $"""
        INSERT INTO source_claims AS c (tenant_id, updated_at, {ClaimColumns})
        SELECT $1, $2, d.* FROM unnest($3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::int[], $8::int[], $9::int[], $10::int[],
          $11::int[], $12::bigint[], $13::bigint[], $14::bool[], $15::int[], $16::int[], $17::int[], $18::int[]) AS d
        ON CONFLICT (tenant_id, system_id, transaction_id, sku_id, location_id) DO UPDATE SET
          open_units = excluded.open_units, left_units = excluded.left_units, picking_units = excluded.picking_units,
          shipped_units = excluded.shipped_units, posted_units = excluded.posted_units, left_version = excluded.left_version,
          pick_version = excluded.pick_version, at_till = excluded.at_till, booked_committed = excluded.booked_committed,
          booked_allocated = excluded.booked_allocated, booked_unposted = excluded.booked_unposted,
          booked_deducted = excluded.booked_deducted, updated_at = excluded.updated_at
        """,
        Sql.P(at),
        Sql.Column(claims, c => c.Key.Transaction.System.Value), Sql.Column(claims, c => c.Key.Transaction.Id),
        Sql.Column(claims, c => c.Key.Sku.Value), Sql.Column(claims, c => c.Key.Location.Value),
        Sql.Column(claims, c => c.Open), Sql.Column(claims, c => c.Left), Sql.Column(claims, c => c.Picking),
        Sql.Column(claims, c => c.Shipped), Sql.Column(claims, c => c.Posted), Sql.Column(claims, c => c.LeftVersion),
        Sql.Column(claims, c => c.PickVersion), Sql.Column(claims, c => c.AtTill), Sql.Column(claims, c => c.Booked.Committed),
        Sql.Column(claims, c => c.Booked.Allocated), Sql.Column(claims, c => c.Booked.Unposted), Sql.Column(claims, c => c.Booked.Deducted));

    /// <summary>Writes reported positions as the batch left them.</summary>
    public static NpgsqlBatchCommand Upsert(StorageSession session, IReadOnlyList<ReportedPosition> rows, DateTimeOffset at) => session.Of(
        """
        INSERT INTO source_positions AS p (tenant_id, updated_at, sku_id, connection_id, place, location_id, known, on_hand, unavailable,
          version, moved_version, marks, moves, fact_key)
        SELECT $1, $2, sku, connection, place, location, known, on_hand, unavailable, version, moved, marks::jsonb, moves::jsonb, fact_key
        FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bool[], $8::int[], $9::int[], $10::bigint[], $11::bigint[],
          $12::text[], $13::text[], $14::text[])
          AS d (sku, connection, place, location, known, on_hand, unavailable, version, moved, marks, moves, fact_key)
        ON CONFLICT (tenant_id, sku_id, connection_id, place) DO UPDATE SET
          location_id = excluded.location_id, known = excluded.known, on_hand = excluded.on_hand, unavailable = excluded.unavailable,
          version = excluded.version, moved_version = excluded.moved_version, marks = excluded.marks,
          moves = excluded.moves, fact_key = excluded.fact_key, updated_at = excluded.updated_at
        """,
        Sql.P(at),
        Sql.Column(rows, r => r.Sku.Value), Sql.Column(rows, r => r.From.Value), Sql.Column(rows, r => r.Place),
        Sql.Column(rows, r => r.Location.Value), Sql.Column(rows, r => r.Known), Sql.Column(rows, r => r.OnHand),
        Sql.Column(rows, r => r.Unavailable), Sql.Column(rows, r => r.Version), Sql.Column(rows, r => r.MovedVersion),
        Sql.Column(rows, r => MarksOf(r)), Sql.Column(rows, r => MovesOf(r)), Sql.Column(rows, r => r.FactKey));

    private static string? MarksOf(ReportedPosition row) => row.Marks.IsDefaultOrEmpty
        ? null
        : JsonSerializer.Serialize(row.Marks.Select(m => new[] { m.System.Value, m.Through }));

    private static string? MovesOf(ReportedPosition row) => row.Moves.IsDefaultOrEmpty
        ? null
        : JsonSerializer.Serialize(row.Moves.Select(m => new[] { m.Version, m.Units }));

    private static Claim ReadClaim(NpgsqlDataReader row) => new(
        new ClaimKey(
            new TransactionRef(new ConnectionId(row.GetInt64(0)), row.GetString(1)), new SkuId(row.GetInt64(2)), new LocationId(row.GetInt64(3))))
    {
        Open = row.GetInt32(4),
        Left = row.GetInt32(5),
        Picking = row.GetInt32(6),
        Shipped = row.GetInt32(7),
        Posted = row.GetInt32(8),
        LeftVersion = row.GetInt64(9),
        PickVersion = row.GetInt64(10),
        AtTill = row.GetBoolean(11),
        Booked = new ClaimBooking(row.GetInt32(12), row.GetInt32(13), row.GetInt32(14), row.GetInt32(15)),
    };

    private static ReportedPosition ReadPosition(NpgsqlDataReader row) => new(
        new SkuId(row.GetInt64(0)), new ConnectionId(row.GetInt64(1)), row.GetString(2), new LocationId(row.GetInt64(3)))
    {
        Known = row.GetBoolean(4),
        OnHand = row.GetInt32(5),
        Unavailable = row.GetInt32(6),
        Version = row.GetInt64(7),
        MovedVersion = row.GetInt64(8),
        Marks = row.Text(9) is { } marks
            ? [.. JsonSerializer.Deserialize<long[][]>(marks)!.Select(m => new PostedMark(new ConnectionId(m[0]), m[1]))]
            : ImmutableArray<PostedMark>.Empty,
        Moves = row.Text(10) is { } moves
            ? [.. JsonSerializer.Deserialize<long[][]>(moves)!.Select(m => new PositionMove(m[0], (int)m[1]))]
            : ImmutableArray<PositionMove>.Empty,
        FactKey = row.Text(11),
    };
}
