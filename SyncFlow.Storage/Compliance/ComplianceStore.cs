using System.Text.Json;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Compliance;

/// <summary>
/// Carries requests of the law out. Of a customer SyncFlow keeps nothing but raw webhook bodies, for 30 days; orders are
/// kept as ids, lines and quantities. So to tell is to list ids, and to forget is to empty bodies.
/// </summary>
/// <param name="source">Of the role worker.</param>
/// <param name="time">The clock.</param>
public sealed class ComplianceStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Until bodies that are not applied yet are: then it is tried again.</summary>
    private static readonly TimeSpan TryAgain = TimeSpan.FromMinutes(5);

    /// <summary>Bodies of a connection that hold one of the texts of a request, or all of its bodies.</summary>
    private const string About =
        """
        i.tenant_id = $1 AND i.connection_id = $2
          AND ($4 OR EXISTS (SELECT FROM unnest($3::text[]) AS s WHERE position(convert_to(s, 'UTF8') IN i.body) > 0))
        """;

    private const string Emptied = """'{"redacted":true}'::bytea""";

    /// <summary>Tenants with requests that are to be carried out now.</summary>
    public async Task<IReadOnlyList<TenantId>> TenantsAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenants_with_compliance($1)");
        command.Parameters.Add(Sql.P(DatabaseTime.Now(time)));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => new TenantId(row.GetInt64(0)), ct).ConfigureAwait(false);
    }

    /// <summary>Carries every open request of a tenant out; returns how many were done.</summary>
    public async Task<int> RunAsync(TenantId tenant, CancellationToken ct)
    {
        var done = 0;
        while (await NextAsync(tenant, ct).ConfigureAwait(false))
        {
            done++;
        }

        return done;
    }

    /// <summary>Takes one request and carries it out in one transaction; two workers never take the same.</summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> NextAsync(TenantId tenant, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var taken = await session.QueryAsync(
            session.Of(
                """
                SELECT request_id, connection_id, topic, coalesce(subject, '{}') FROM compliance_requests
                WHERE tenant_id = $1 AND state = 0 AND try_at <= $2 ORDER BY request_id LIMIT 1 FOR UPDATE SKIP LOCKED
                """,
                Sql.P(now)),
            row => new Request(row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetFieldValue<string[]>(3)),
            ct).ConfigureAwait(false);
        if (taken.Count == 0)
        {
            return false;
        }

        var request = taken[0];
        var result = request.Topic switch
        {
            "customers/data_request" => await TellAsync(session, request, ct).ConfigureAwait(false),
            "customers/redact" => await ForgetCustomerAsync(session, request, ct).ConfigureAwait(false),
            _ => await ForgetShopAsync(session, request, ct).ConfigureAwait(false),
        };
        await session.ExecuteAsync(
            session.Of(
                """
                UPDATE compliance_requests SET state = CASE WHEN $3::text IS NULL THEN 0 ELSE 1 END, result = $3::jsonb, try_at = $5,
                  subject = CASE WHEN $3::text IS NULL THEN subject END, finished_at = CASE WHEN $3::text IS NULL THEN NULL ELSE $4 END
                WHERE tenant_id = $1 AND request_id = $2
                """,
                Sql.P(request.Id), Sql.P(result is null ? null : JsonSerializer.Serialize(result, JsonSerializerOptions.Web)), Sql.P(now), Sql.P(now + TryAgain)),
            ct).ConfigureAwait(false);
        if (result is not null)
        {
            await session.ExecuteAsync(
                AuditEntry.Of(session, now, "shopify", "compliance", $"connection:{request.Connection}", $"{request.Topic}, request {request.Id}"), ct).ConfigureAwait(false);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
        return true;
    }

    private static async Task<object?> TellAsync(StorageSession session, Request request, CancellationToken ct)
    {
        var bodies = await session.QueryAsync(
            session.Of(
                $"SELECT i.topic, i.received_at FROM inbox i WHERE {About} AND i.body <> {Emptied} ORDER BY i.received_at",
                Sql.P(request.Connection), Sql.P(request.Subject), Sql.P(false)),
            row => new { topic = row.GetString(0), receivedAt = row.Moment(1) }, ct).ConfigureAwait(false);
        var orders = await session.QueryAsync(
            session.Of("SELECT order_ref FROM orders WHERE tenant_id = $1 AND connection_id = $2 AND order_ref = ANY($3)", Sql.P(request.Connection), Sql.P(request.Subject)),
            row => row.GetString(0), ct).ConfigureAwait(false);
        return new { orders, rawBodies = bodies, kept = "Of an order: ids, lines, quantities, states and times. Raw bodies for 30 days; those of dead letters until they are replayed or discarded." };
    }

    private static async Task<object?> ForgetCustomerAsync(StorageSession session, Request request, CancellationToken ct)
    {
        var (emptied, waiting) = await EmptyAsync(session, request, all: false, ct).ConfigureAwait(false);
        return waiting > 0 ? null : new { rawBodiesEmptied = emptied, orderRecords = "hold no customer data" };
    }

    /// <summary>A shop that is connected again is not forgotten: its request belongs to the installation before.</summary>
    private static async Task<object?> ForgetShopAsync(StorageSession session, Request request, CancellationToken ct)
    {
        var gone = await session.ExecuteAsync(
            session.Of(
                """
                UPDATE connections SET credential = NULL, webhook_secret = NULL, webhook_secret_before = NULL, webhook_secret_before_until = NULL,
                  token_expires_at = NULL, refresh_expires_at = NULL, token_claim = NULL, token_claimed_until = NULL, scopes = NULL, last_error = NULL
                WHERE tenant_id = $1 AND connection_id = $2 AND status IN (6, 7)
                """,
                Sql.P(request.Connection)),
            ct).ConfigureAwait(false);
        if (gone == 0)
        {
            return new { skipped = "The shop is connected again, or still." };
        }

        var (emptied, waiting) = await EmptyAsync(session, request, all: true, ct).ConfigureAwait(false);
        var titles = await session.ExecuteAsync(
            session.Of("UPDATE channel_items SET title = '' WHERE tenant_id = $1 AND connection_id = $2 AND title <> ''", Sql.P(request.Connection)), ct).ConfigureAwait(false);
        return waiting > 0 ? null : new { accessErased = true, rawBodiesEmptied = emptied, titlesErased = titles };
    }

    /// <summary>Empties bodies that are dealt with; those that are not applied yet are needed a moment longer.</summary>
    private static async Task<(int Emptied, long Waiting)> EmptyAsync(StorageSession session, Request request, bool all, CancellationToken ct)
    {
        var emptied = await session.ExecuteAsync(
            session.Of(
                $"UPDATE inbox AS i SET body = {Emptied} WHERE {About} AND i.state <> 0 AND i.body <> {Emptied}",
                Sql.P(request.Connection), Sql.P(request.Subject), Sql.P(all)),
            ct).ConfigureAwait(false);
        var waiting = await session.QueryAsync(
            session.Of(
                $"SELECT count(*) FROM inbox i WHERE {About} AND i.state = 0", Sql.P(request.Connection), Sql.P(request.Subject), Sql.P(all)),
            row => row.GetInt64(0), ct).ConfigureAwait(false);
        return (emptied, waiting[0]);
    }

    private sealed record Request(long Id, long Connection, string Topic, string[] Subject);
}
