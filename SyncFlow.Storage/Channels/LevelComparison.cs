using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Channels;

/// <summary>What a channel showed of a level, at a moment nobody knows exactly.</summary>
public sealed record ShownLevel(string ItemRef, string ExternalLocation, int Available);

/// <summary>What drained readings found since a moment.</summary>
/// <param name="Cases">Drift cases.</param>
/// <param name="Units">What they came to, without regard to direction.</param>
public sealed record DriftFound(int Cases, long Units);

/// <summary>
/// Compares what a channel showed of many levels with what is believed of them. It only finds levels that are worth an
/// exact reading: the moment of each value is unknown, so a difference may as well be a sale on its way.
/// </summary>
/// <param name="source">Of the role worker.</param>
public sealed class LevelComparison(NpgsqlDataSource source)
{
    private const string InService = "l.tenant_id = $1 AND l.connection_id = $2 AND l.belief IS NOT NULL AND l.status NOT IN (6, 60, 62)";

    /// <summary>How many levels of the connection are in service.</summary>
    public async Task<int> CountAsync(TenantId tenant, ConnectionId connection, CancellationToken ct) => (await QueryAsync(
        tenant, session => session.Of($"SELECT count(*)::int FROM listing_levels l WHERE {InService}", Sql.P(connection.Value)),
        row => row.GetInt32(0), ct).ConfigureAwait(false))[0];

    /// <summary>The levels in service among those shown, and whether each shows something else than is believed.</summary>
    /// <remarks>One with a push on its way is read after it anyway, so it does not count as different.</remarks>
    public Task<List<(LevelId Level, bool Differs)>> CompareAsync(
        TenantId tenant, ConnectionId connection, IReadOnlyList<ShownLevel> shown, CancellationToken ct) => QueryAsync(
        tenant,
        session => session.Of(
            $"""
            SELECT l.level_id, l.belief <> s.available AND l.in_flight_push IS NULL
            FROM unnest($3::text[], $4::text[], $5::int[]) AS s (item_ref, place, available)
            JOIN listing_levels l ON l.item_ref = s.item_ref AND l.external_location_id = s.place
            WHERE {InService}
            """,
            Sql.P(connection.Value), Sql.Column(shown, s => s.ItemRef), Sql.Column(shown, s => s.ExternalLocation),
            Sql.Column(shown, s => s.Available)),
        row => (new LevelId(row.GetInt64(0)), row.GetBoolean(1)),
        ct);

    /// <summary>The levels in service that were not among those shown.</summary>
    public Task<List<LevelId>> MissingAsync(
        TenantId tenant, ConnectionId connection, IReadOnlyCollection<LevelId> shown, CancellationToken ct) => QueryAsync(
        tenant,
        session => session.Of(
            $"""
            SELECT l.level_id FROM listing_levels l
            WHERE {InService} AND NOT EXISTS (SELECT FROM unnest($3::bigint[]) AS s (level_id) WHERE s.level_id = l.level_id)
            """,
            Sql.P(connection.Value), Sql.Column([.. shown], l => l.Value)),
        row => new LevelId(row.GetInt64(0)),
        ct);

    /// <summary>How many of these levels still wait for a reading made since a moment; those that went out of service do not.</summary>
    public async Task<int> WaitingAsync(
        TenantId tenant, ConnectionId connection, IReadOnlyList<LevelId> levels, DateTimeOffset since, CancellationToken ct) => (await QueryAsync(
        tenant,
        session => session.Of(
            $"""
            SELECT count(*)::int FROM unnest($3::bigint[]) AS asked (level_id) JOIN listing_levels l USING (level_id)
            WHERE {InService} AND (l.observed_seen_at IS NULL OR l.observed_seen_at < $4)
            """,
            Sql.P(connection.Value), Sql.Column(levels, l => l.Value), Sql.P(DatabaseTime.Of(since))),
        row => row.GetInt32(0), ct).ConfigureAwait(false))[0];

    /// <summary>What readings of the connection's levels found since a moment.</summary>
    public async Task<DriftFound> FoundSinceAsync(
        TenantId tenant, ConnectionId connection, DateTimeOffset since, CancellationToken ct) => (await QueryAsync(
        tenant,
        session => session.Of(
            """
            SELECT count(*)::int, coalesce(sum(abs(d.actual - d.expected)), 0)::bigint
            FROM drift_cases d JOIN listing_levels l USING (tenant_id, level_id)
            WHERE d.tenant_id = $1 AND l.connection_id = $2 AND d.at >= $3
            """,
            Sql.P(connection.Value), Sql.P(DatabaseTime.Of(since))),
        row => new DriftFound(row.GetInt32(0), row.GetInt64(1)), ct).ConfigureAwait(false))[0];

    private async Task<List<T>> QueryAsync<T>(
        TenantId tenant, Func<StorageSession, NpgsqlBatchCommand> statement, Func<NpgsqlDataReader, T> read, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(statement(session), read, ct).ConfigureAwait(false);
    }
}
