using System.Data.Common;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Configuration;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources;

/// <summary>A source as a merchant sets it up.</summary>
/// <param name="Kind">One of <see cref="ConnectionKinds.Sources"/>.</param>
/// <param name="Writes">Buckets that it may write.</param>
/// <param name="OwnsOnHand">Whether it keeps the books of on-hand at its places where no rule says otherwise.</param>
/// <param name="ReferenceSystem">The connection whose transactions its references mean unless they say another; null for its own.</param>
/// <param name="Gapless">Whether its sequence counts without gaps, so that missing numbers are missing events.</param>
public sealed record SourceDraft(
    string Kind, string Name, SourceStrategy Strategy, SourceOrdering Ordering, int CadenceSeconds, IReadOnlyList<Bucket> Writes, bool OwnsOnHand,
    long? ReferenceSystem, bool Gapless);

/// <summary>What is to be changed about a source; null leaves it.</summary>
public sealed record SourceChange(
    string? Name, int? CadenceSeconds, IReadOnlyList<Bucket>? Writes, bool? OwnsOnHand, long? ReferenceSystem, bool? Gapless);

/// <summary>Events of a source, since it was set up.</summary>
/// <param name="Held">All that were ever kept back.</param>
/// <param name="Waiting">Those that still are.</param>
/// <param name="Missing">Numbers that never came, where it counts without gaps.</param>
public sealed record SourceCounts(long Accepted, long Repeated, long Held, long Refused, long Waiting, long Missing);

/// <summary>A source as people see it.</summary>
/// <param name="State">Whether it is booked.</param>
/// <param name="LastSequence">The highest number it told.</param>
/// <param name="LastAt">The newest moment it told, by its own clock.</param>
/// <param name="ReceivedAt">When it was last heard, by ours.</param>
/// <param name="Health">How far it may be trusted, and what is withheld for it.</param>
public sealed record SourceView(
    long Id, string Kind, string Name, SourceStrategy Strategy, SourceOrdering Ordering, int CadenceSeconds, IReadOnlyList<Bucket> Writes,
    bool OwnsOnHand, long? ReferenceSystem, bool Gapless, SourceState State, string? Reason, DateTimeOffset Since, long? LastSequence,
    DateTimeOffset? LastAt, DateTimeOffset? ReceivedAt, SourceCounts Events, DateTimeOffset CreatedAt, SourceVerdict Health);

/// <summary>Sources, as people and integrators manage them.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class SourceDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const string Columns =
        """
        SELECT s.connection_id, c.kind, c.name, s.strategy, s.ordering, s.cadence_seconds, s.buckets, c.settings::text, s.reference_system,
          s.gapless, s.state, s.state_reason, s.state_since, s.last_sequence, s.last_at, s.received_at, s.accepted_events, s.repeated_events,
          s.held_events, s.refused_events, s.missing_sequences, s.created_at,
          s.health, s.health_reason, s.buffer_percent,
          (SELECT count(*) FROM held_events h WHERE h.tenant_id = $1 AND h.connection_id = s.connection_id AND h.released_at IS NULL)
        FROM sources s JOIN connections c USING (tenant_id, connection_id) WHERE s.tenant_id = $1
        """;

    /// <summary>Sources by id.</summary>
    public Task<List<SourceView>> ListAsync(long tenant, long? after, int count, CancellationToken ct) => source.ListAsync(
        tenant, Columns + " AND ($2::bigint IS NULL OR s.connection_id > $2) ORDER BY s.connection_id LIMIT $3", Read, [after, count], ct);

    /// <summary>One source, or null.</summary>
    public Task<SourceView?> FindAsync(long tenant, long id, CancellationToken ct) =>
        source.FirstAsync(tenant, Columns + " AND s.connection_id = $2", Read, [id], ct);

    /// <summary>Sets a source up; null where its reference system is no connection of the tenant's.</summary>
    public async Task<long?> CreateAsync(long tenant, SourceDraft draft, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(draft);
        const string insert =
            """
            WITH made AS (
              INSERT INTO connections (tenant_id, kind, name, status, settings, created_at, updated_at)
              VALUES ($1, $2, $3, 1, $4::jsonb, $5, $5) RETURNING connection_id)
            INSERT INTO sources (tenant_id, connection_id, strategy, ordering, cadence_seconds, buckets, reference_system, gapless, state_since,
              created_at, updated_at)
            SELECT $1, connection_id, $6, $7, $8, $9, $10, $11, $5, $5, $5 FROM made RETURNING connection_id
            """;
        var at = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        try
        {
            var made = await session.QueryAsync(
                session.Of(
                    insert, Sql.P(draft.Kind), Sql.P(draft.Name), Sql.P(new ConnectionSettings { OwnsOnHand = draft.OwnsOnHand }.ToJson()), Sql.P(at),
                    Sql.P((short)draft.Strategy), Sql.P((short)draft.Ordering), Sql.P(draft.CadenceSeconds), Sql.P(Numbers(draft.Writes)),
                    Sql.P(draft.ReferenceSystem), Sql.P(draft.Gapless)),
                row => row.GetInt64(0), ct).ConfigureAwait(false);
            await session.CommitAsync(ct).ConfigureAwait(false);
            return made[0];
        }
        catch (PostgresException unknown) when (unknown.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            return null;
        }
    }

    /// <summary>Changes what is given; false where there is no such source.</summary>
    public async Task<bool> ChangeAsync(long tenant, long id, SourceChange change, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(change);
        const string sql =
            """
            WITH named AS (
              UPDATE connections SET name = coalesce($3::text, name), updated_at = $8,
                settings = CASE WHEN $4::bool IS NULL THEN settings ELSE jsonb_set(settings, '{ownsOnHand}', to_jsonb($4::bool)) END
              WHERE tenant_id = $1 AND connection_id = $2)
            UPDATE sources SET cadence_seconds = coalesce($5::int, cadence_seconds), buckets = coalesce($6::smallint[], buckets),
              reference_system = coalesce($7::bigint, reference_system), gapless = coalesce($9::bool, gapless), updated_at = $8
            WHERE tenant_id = $1 AND connection_id = $2 RETURNING connection_id
            """;
        var writes = change.Writes is null ? null : Numbers(change.Writes);
        return await source.FirstAsync(
            tenant, sql, row => row.GetInt64(0),
            [id, change.Name, change.OwnsOnHand, change.CadenceSeconds, writes, change.ReferenceSystem, DatabaseTime.Now(time), change.Gapless],
            ct).ConfigureAwait(false) == id;
    }

    private static short[] Numbers(IEnumerable<Bucket> buckets) => [.. buckets.Select(b => (short)b)];

    private static SourceView Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), (SourceStrategy)row.GetInt16(3), (SourceOrdering)row.GetInt16(4), row.GetInt32(5),
        [.. row.GetFieldValue<short[]>(6).Select(b => (Bucket)b)], ConnectionSettings.Parse(row.GetString(7)).OwnsOnHand, row.LongOrNull(8),
        row.GetBoolean(9), (SourceState)row.GetInt16(10), row.Text(11), row.Time(12), row.LongOrNull(13), row.TimeOrNull(14), row.TimeOrNull(15),
        new SourceCounts(row.GetInt64(16), row.GetInt64(17), row.GetInt64(18), row.GetInt64(19), row.GetInt64(25), row.GetInt64(20)), row.Time(21),
        new SourceVerdict((SourceHealth)row.GetInt16(22), row.GetInt32(24), row.Text(23)));
}
