using System.Data.Common;
using System.Text.Json;
using Npgsql;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Compliance;

/// <summary>A request of the law, for people.</summary>
/// <param name="DueAt">By when it has to be done.</param>
/// <param name="FinishedAt">When it was done; null while it is open.</param>
/// <param name="BodySha256">Of the request as Shopify sent it, hexadecimal: proves which one was answered.</param>
/// <param name="Result">What was found and done, in numbers and ids.</param>
public sealed record ComplianceView(
    long Id, long ConnectionId, string Topic, DateTimeOffset ReceivedAt, DateTimeOffset DueAt, DateTimeOffset? FinishedAt, string BodySha256,
    JsonElement? Result);

/// <summary>Takes requests of the law, and shows what became of them.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class ComplianceDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>How long the law, and Shopify, allow.</summary>
    private static readonly TimeSpan Allowed = TimeSpan.FromDays(30);

    /// <summary>Stores a request durably; again it changes nothing. Returns how many connections it concerns.</summary>
    /// <param name="shop">The shop's domain.</param>
    /// <param name="topic">What is asked.</param>
    /// <param name="webhookId">By which repeats are known.</param>
    /// <param name="bodyHash">SHA-256 of the body.</param>
    /// <param name="subject">Whom it is about: texts that stored bodies would hold.</param>
    /// <param name="ct">Ends the call.</param>
    public async Task<long> StoreAsync(string shop, string topic, string webhookId, byte[] bodyHash, string[] subject, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        await using var command = source.CreateCommand("SELECT store_compliance_request($1, $2, $3, $4, $5, $6, $7)");
        foreach (var parameter in new[] { Sql.P(shop), Sql.P(topic), Sql.P(webhookId), Sql.P(bodyHash), Sql.P(subject), Sql.P(now), Sql.P(now + Allowed) })
        {
            command.Parameters.Add(parameter);
        }

        return (long)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
    }

    /// <summary>A tenant's requests, the newest first.</summary>
    public Task<List<ComplianceView>> ListAsync(long tenant, long? before, int count, CancellationToken ct) => source.ListAsync(
        tenant,
        """
        SELECT request_id, connection_id, topic, received_at, due_at, finished_at, encode(body_hash, 'hex'), result::text FROM compliance_requests
        WHERE tenant_id = $1 AND ($2::bigint IS NULL OR request_id < $2) ORDER BY request_id DESC LIMIT $3
        """,
        Read, [before, count], ct);

    private static ComplianceView Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.Time(3), row.Time(4), row.TimeOrNull(5), row.GetString(6),
        row.Text(7) is { } result ? JsonSerializer.Deserialize<JsonElement>(result) : null);
}
