using System.Globalization;
using Npgsql;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Channels;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Inbox;

namespace SyncFlow.Benchmarks.Smoke;

/// <summary>
/// Storing what arrives, against the least that storing it can cost: the same rows by one bare insert into a table
/// without keys. Both take turns batch by batch, so that whatever else the machine does meets both.
/// </summary>
internal static class InboxBenchmark
{
    private const int BodyBytes = 6 * 1024;
    private const int Batch = 250;
    private const int Batches = 160;
    private const int WarmUp = 4;
    private const int LinesOfAnOrder = 14;

    private const string CreateRaw =
        """
        CREATE TABLE bench_raw (tenant_id bigint, connection_id bigint, topic text, webhook_id text, correlation_id text,
          triggered_at timestamptz, received_at timestamptz, api_version text, content text, body bytea)
        """;

    private const string InsertRaw =
        """
        INSERT INTO bench_raw SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[],
          $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[], $10::bytea[])
        """;

    public static async Task RunAsync(BenchServers servers, Results results, TimeProvider time, CancellationToken ct)
    {
        var merchant = await BenchMerchant.CreateAsync(servers, "ingest", skus: 1, onHand: 1, time, ct).ConfigureAwait(false);
        using var ingest = servers.ForRole(PostgresRole.Ingest);
        using var plain = NpgsqlDataSource.Create(servers.ConnectionString);
        var inbox = new InboxStore(ingest, time);
        using (var create = plain.CreateCommand(CreateRaw))
        {
            await create.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        }

        var random = new Random(2);
        var (stored, raw) = (TimeSpan.Zero, TimeSpan.Zero);
        for (var batch = -WarmUp; batch < Batches; batch++)
        {
            var events = Events(merchant, batch + WarmUp, random, time.GetUtcNow());
            var (one, other) = (TimeSpan.Zero, TimeSpan.Zero);
            if (batch % 2 == 0)
            {
                one = await AppendAsync(inbox, events, time, ct).ConfigureAwait(false);
                other = await InsertAsync(plain, events, time, ct).ConfigureAwait(false);
            }
            else
            {
                other = await InsertAsync(plain, events, time, ct).ConfigureAwait(false);
                one = await AppendAsync(inbox, events, time, ct).ConfigureAwait(false);
            }

            if (batch >= 0)
            {
                stored += one;
                raw += other;
            }
        }

        results.AddRate("inbox.rows_per_s", Batch * Batches, stored, "rows/s");
        results.Add("inbox.share_of_raw", raw / stored, "ratio");
    }

    private static async Task<TimeSpan> AppendAsync(InboxStore inbox, List<InboxEvent> events, TimeProvider time, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var added = await inbox.AppendAsync(events, ct).ConfigureAwait(false);
        var took = time.GetElapsedTime(started);
        return added == events.Count
            ? took
            : throw new CheckFailedException($"ingest: {added} of {events.Count} events were stored.");
    }

    private static async Task<TimeSpan> InsertAsync(NpgsqlDataSource plain, List<InboxEvent> events, TimeProvider time, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        using var command = plain.CreateCommand(InsertRaw);
        Add(e => e.Tenant.Value);
        Add(e => e.Connection!.Value.Value);
        Add(e => e.Topic);
        Add(e => e.WebhookId);
        Add(e => e.CorrelationId);
        Add(e => e.TriggeredAt);
        Add(e => e.ReceivedAt);
        Add(e => e.ApiVersion);
        Add(e => e.Content);
        Add(e => e.Body.ToArray());
        var added = await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        var took = time.GetElapsedTime(started);
        return added == events.Count
            ? took
            : throw new CheckFailedException($"ingest: {added} of {events.Count} bare rows were stored.");

        void Add<T>(Func<InboxEvent, T> column) =>
            command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = events.Select(column).ToArray() });
    }

    private static List<InboxEvent> Events(BenchMerchant merchant, int batch, Random random, DateTimeOffset now) =>
    [
        .. Enumerable.Range(0, Batch).Select(i =>
        {
            var id = 9_000_000_000 + (batch * Batch) + i;
            var lines = Enumerable.Range(0, LinesOfAnOrder).Select(_ => new OrderedLine(random.Next(10_000), 1 + random.Next(3))).ToList();
            var name = id.ToString(CultureInfo.InvariantCulture);
            return new InboxEvent(
                merchant.Tenant, merchant.Connections[i % merchant.Connections.Count], "orders/create", "ingest-" + name, "cause-" + name,
                now, now, "2026-10", ContentKinds.ShopifyWebhook, Sized(OrderBodies.Created(id, now, lines, BodyBytes)));
        }),
    ];

    private static byte[] Sized(byte[] body) => body.Length == BodyBytes
        ? body
        : throw new InvalidOperationException($"A body has {body.Length} bytes instead of {BodyBytes}: use fewer lines.");
}
