using System.Globalization;
using System.Text.Json;
using Npgsql;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Sources;
using SyncFlow.Storage.Sources.Capture;
using SyncFlow.Storage.Sources.Mappings;
using SyncFlow.Worker;

namespace SyncFlow.Benchmarks.Sources;

/// <summary>
/// A warehouse's own database, written to at a steady rate, captured and booked by the whole worker; the time is taken by
/// the one server that has both databases, from the commit there to the ledger entry here.
/// </summary>
internal static class CaptureBenchmark
{
    private const int ChangesPerSecond = 100;
    private const int Seconds = 10;
    private const int Skus = 500;
    private const string Place = "X";
    private const string Database = "syncflow_bench_wms";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>The 95th percentile in milliseconds.</summary>
    public static async Task<double> RunAsync(BenchServers servers, NpgsqlDataSource api, BenchMerchant merchant, TimeProvider time, CancellationToken ct)
    {
        await servers.ExecuteAsync($"CREATE DATABASE {Database}", ct).ConfigureAwait(false);
        var access = new NpgsqlConnectionStringBuilder(servers.ConnectionString) { Database = Database };
        using var wms = NpgsqlDataSource.Create(access.ConnectionString);
        await DoAsync(wms, "CREATE TABLE moves (id bigint PRIMARY KEY, sku text, site text, qty int, at timestamptz)", ct).ConfigureAwait(false);
        await DoAsync(wms, "CREATE PUBLICATION syncflow FOR TABLE moves", ct).ConfigureAwait(false);
        await SetUpAsync(api, merchant, access, time, ct).ConfigureAwait(false);
        var worker = WorkerHost.Build(
        [
            $"--ConnectionStrings:syncflow={servers.ConnectionString}", $"--ConnectionStrings:redis={servers.Redis}",
            $"--SyncFlow:SecretsKey={Convert.ToBase64String(new byte[32])}", "--Sources:Capture:AllowedNetworks=127.0.0.1/32",
            "--Logging:LogLevel:Default=Error", "--urls=http://127.0.0.1:0",
        ]);
        await using (worker.ConfigureAwait(false))
        {
            await worker.StartAsync(ct).ConfigureAwait(false);
            await UntilAsync(servers, "SELECT EXISTS (SELECT FROM source_captures WHERE state = 2)", time, ct).ConfigureAwait(false);
            await WriteAsync(wms, time, ct).ConfigureAwait(false);
            await UntilAsync(
                servers, $"SELECT count(*) = {ChangesPerSecond * Seconds} FROM ledger_entries WHERE fact_key LIKE 'source:%:cdc-%'", time, ct).ConfigureAwait(false);
            await worker.StopAsync(ct).ConfigureAwait(false);
        }

        await DoAsync(wms, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'syncflow_bench'", ct).ConfigureAwait(false);

        // The entry's own moment is the batch's beginning; its inbox event is done when the batch is.
        return await servers.ScalarAsync<double>(
            """
            SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM i.finished_at - l.occurred_at) * 1000)::float8
            FROM ledger_entries l JOIN inbox i ON i.tenant_id = l.tenant_id AND i.event_id = l.inbox_event_id WHERE l.fact_key LIKE 'source:%:cdc-%'
            """,
            ct).ConfigureAwait(false);
    }

    private static async Task SetUpAsync(
        NpgsqlDataSource api, BenchMerchant merchant, NpgsqlConnectionStringBuilder access, TimeProvider time, CancellationToken ct)
    {
        var tenant = merchant.Tenant.Value;
        var draft = new SourceDraft("wms", "WMS", SourceStrategy.ChangeCapture, SourceOrdering.Time, 900, [Bucket.OnHand], OwnsOnHand: false, null, Gapless: false);
        var id = (await new SourceDesk(api, time).CreateAsync(tenant, draft, ct).ConfigureAwait(false))!.Value;
        await new SourceMapDesk(api, time).MapPlacesAsync(tenant, [new PlaceWish(id, Place, merchant.Location.Value)], ct).ConfigureAwait(false);
        var mapping = JsonSerializer.Serialize(new
        {
            fields = new { id = "cdc-{id}", type = "movement", sku = "{sku}", location = "{site}", units = "{qty}", occurredAt = "{at}" },
        });
        var mappings = new SourceMappingDesk(api, time);
        await mappings.PutAsync(tenant, "moves", mapping, 1, ct).ConfigureAwait(false);
        await mappings.ChooseAsync(tenant, id, "moves", ct).ConfigureAwait(false);
        var settings = new CaptureSettings(
            access.Host!, access.Port, Database, access.Username!, CaptureTls.Disable, "syncflow", "syncflow_bench", "public.moves");
        var vault = CredentialVault.FromBase64(Convert.ToBase64String(new byte[32]));
        if (!await new CaptureDesk(api, vault, time).PutAsync(tenant, id, settings, access.Password, ct).ConfigureAwait(false))
        {
            throw new CheckFailedException("sources: the capture was not taken.");
        }
    }

    /// <summary>One transaction each, stamped when it is about to be committed.</summary>
    private static async Task WriteAsync(NpgsqlDataSource wms, TimeProvider time, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1) / ChangesPerSecond, time);
        for (var n = 1; n <= ChangesPerSecond * Seconds; n++)
        {
            await timer.WaitForNextTickAsync(ct).ConfigureAwait(false);
            var sku = (n % Skus).ToString("0000", CultureInfo.InvariantCulture);
            await DoAsync(wms, string.Create(CultureInfo.InvariantCulture, $"INSERT INTO moves VALUES ({n}, 'sku-{sku}', '{Place}', 1, clock_timestamp())"), ct).ConfigureAwait(false);
        }
    }

    private static async Task DoAsync(NpgsqlDataSource source, string sql, CancellationToken ct)
    {
#pragma warning disable CA2100 // Statements are made of constants and numbers.
        using var command = source.CreateCommand(sql);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    private static async Task UntilAsync(BenchServers servers, string condition, TimeProvider time, CancellationToken ct)
    {
        var since = time.GetTimestamp();
        while (!await servers.ScalarAsync<bool>(condition, ct).ConfigureAwait(false))
        {
            if (time.GetElapsedTime(since) > Limit)
            {
                throw new CheckFailedException($"sources: within {Limit.TotalSeconds:0} s it did not become true that {condition}.");
            }

            await Task.Delay(LookEvery, time, ct).ConfigureAwait(false);
        }
    }
}
