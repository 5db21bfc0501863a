using System.Security.Cryptography;
using System.Text;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources.Pulling;

/// <summary>Rows of <c>source_broken_rows</c>: what could not be booked is kept as it came, each once.</summary>
internal static class BrokenRows
{
    /// <summary>Rows kept of a source; of a feed that is broken through and through the newest tell enough.</summary>
    private const int MostKept = 1_000;

    /// <summary>Characters kept of a row.</summary>
    private const int LongestBody = 4_000;

    /// <summary>Keeps them; returns how many were not known before, for an overlap brings the same ones again.</summary>
    public static async Task<int> KeepAsync(
        StorageSession session, ConnectionId connection, string feed, IReadOnlyList<BrokenRow> rows, DateTimeOffset at, CancellationToken ct)
    {
        var once = rows.Select(row => (Row: row, Hash: SHA256.HashData(Encoding.UTF8.GetBytes(row.Body)))).DistinctBy(r => Convert.ToHexString(r.Hash))
            .TakeLast(MostKept).ToList();
        if (once.Count == 0)
        {
            return 0;
        }

        var isNew = await session.QueryAsync(
            session.Of(
                """
                INSERT INTO source_broken_rows AS b (tenant_id, connection_id, feed, row_hash, event_id, errors, body, first_at, seen_at)
                SELECT $1, $2, $3, hash, id, errors::jsonb, body, $4, $4 FROM unnest($5::bytea[], $6::text[], $7::text[], $8::text[]) AS r (hash, id, errors, body)
                ON CONFLICT (tenant_id, connection_id, feed, row_hash) DO UPDATE SET times = b.times + 1, seen_at = excluded.seen_at, errors = excluded.errors
                RETURNING times = 1
                """,
                Sql.P(connection.Value), Sql.P(feed), Sql.P(at), Sql.Column(once, r => r.Hash), Sql.Column(once, r => r.Row.EventId),
                Sql.Column(once, r => ErrorJson.Of(r.Row.Errors)), Sql.Column(once, r => Shortened(r.Row.Body))),
            row => row.GetBoolean(0), ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                """
                DELETE FROM source_broken_rows WHERE tenant_id = $1 AND connection_id = $2 AND broken_id IN (
                  SELECT broken_id FROM source_broken_rows WHERE tenant_id = $1 AND connection_id = $2 ORDER BY seen_at DESC, broken_id DESC OFFSET $3)
                """,
                Sql.P(connection.Value), Sql.P(MostKept)),
            ct).ConfigureAwait(false);
        return isNew.Count(n => n);
    }

    /// <summary>Counts refused rows that no event stands for, and what they say of the source's care.</summary>
    public static NpgsqlBatchCommand Count(StorageSession session, ConnectionId connection, int broken, int sound) => session.Of(
        """
        UPDATE sources SET refused_events = refused_events + $3,
          error_rate = CASE WHEN $3 = 0 THEN error_rate ELSE error_rate * 0.9 + 0.1 * $3::float8 / ($3 + $4) END
        WHERE tenant_id = $1 AND connection_id = $2
        """,
        Sql.P(connection.Value), Sql.P(broken), Sql.P(sound));

    private static string Shortened(string body) => body.Length <= LongestBody ? body : body[..LongestBody];
}
