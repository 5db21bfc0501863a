using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using SyncFlow.Benchmarks.Support;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Billing;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Sources;
using SyncFlow.Worker.Apply;
using SyncFlow.Worker.Sources;

namespace SyncFlow.Benchmarks.Sources;

/// <summary>
/// A source that hands its history over and goes on posting what happens: 200 events a second, in a call every 50 ms, while the
/// file is booked by the worker's own services. An event is timed from when it happens, before it waits for its call, until
/// another connection of the database sees it booked, and with it the new targets of its levels.
/// </summary>
internal sealed class PushBesideBenchmark(
    BenchServers servers, NpgsqlDataSource api, NpgsqlDataSource worker, BenchMerchant merchant, ConnectionId source, TimeProvider time)
{
    private const int PerSecond = 200;

    private static readonly TimeSpan CallEvery = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentDictionary<string, long> _sent = new(StringComparer.Ordinal);
    private readonly Latencies _latencies = new();
    private readonly SourceIntake _intake = new(api, time);

    /// <summary>Measures.</summary>
    /// <param name="rows">Events of the past.</param>
    /// <param name="live">Makes the live event of a number.</param>
    public async Task RunAsync(Results results, IEnumerable<FileRow> rows, Func<int, SourceEvent> live, CancellationToken ct)
    {
        await using var redis = new RedisConnection(servers.Redis);
        var wakeUps = new WakeUps(redis);
        var inbox = new InboxStore(worker, time);
        using var apply = new ApplyService(
            new ApplyPipeline(worker, inbox, time, NullLogger<ApplyPipeline>.Instance), inbox, wakeUps, new LevelSignals(), new TenantWeights(worker), time,
            NullLogger<ApplyService>.Instance);
        using var jobs = new SourceJobs(
            new HeldRelease(worker, time), new SourceFileApplier(worker, time), new SourceFileClearing(worker), new HistoryBacklog(worker, time),
            new SourceHealthStore(worker, time), new ConnectionStore(worker), wakeUps, new TenantWeights(worker), time, NullLogger<SourceJobs>.Instance);
        var (file, count) = await HandOverAsync(rows, ct).ConfigureAwait(false);
        await apply.StartAsync(ct).ConfigureAwait(false);
        await jobs.StartAsync(ct).ConfigureAwait(false);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var watching = WatchAsync(over.Token);
        var began = time.GetTimestamp();
        var booked = WaitAsync(() => IsBookedAsync(file, ct), ct);
        var pushed = await PushAsync(booked, live, () => apply.Wake(merchant.Tenant), began, ct).ConfigureAwait(false);
        await booked.ConfigureAwait(false);
        results.AddRate("sources.beside_backfill_events_per_s", count, time.GetElapsedTime(began), "events/s");
        results.AddRate("sources.push_beside_backfill_per_s", pushed, time.GetElapsedTime(began), "events/s");
        await WaitAsync(() => Task.FromResult(_sent.IsEmpty), ct).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await jobs.StopAsync(ct).ConfigureAwait(false);
        await apply.StopAsync(ct).ConfigureAwait(false);
        results.Add("sources.push_beside_backfill_p95_ms", _latencies.At(0.95), "ms");
        results.Add("sources.push_beside_backfill_max_ms", _latencies.At(1), "ms");
    }

    /// <summary>Pushes at the same rate whether calls are answered soon or late; returns how many.</summary>
    private async Task<int> PushAsync(Task until, Func<int, SourceEvent> live, Action wake, long began, CancellationToken ct)
    {
        var (calls, happened) = (new List<Task>(), 0);
        using var timer = new PeriodicTimer(CallEvery, time);
        while (!until.IsCompleted)
        {
            await timer.WaitForNextTickAsync(ct).ConfigureAwait(false);
            var events = new List<SourceEvent>();
            while (happened < (int)(time.GetElapsedTime(began).TotalSeconds * PerSecond) && events.Count < SourceBatch.MostEvents)
            {
                var one = live(++happened);
                _sent[one.Id] = began + (happened * time.TimestampFrequency / PerSecond);
                events.Add(one);
            }

            calls.Add(CallAsync(events, wake, ct));
        }

        await Task.WhenAll(calls).ConfigureAwait(false);
        return happened;
    }

    private async Task CallAsync(List<SourceEvent> events, Action wake, CancellationToken ct)
    {
        await _intake.TakeInAsync(merchant.Tenant, source, new SourceBatch(null, events), ct).ConfigureAwait(false);
        wake();
    }

    private async Task<(long File, int Events)> HandOverAsync(IEnumerable<FileRow> rows, CancellationToken ct)
    {
        var desk = new SourceFileDesk(api, time);
        var file = await desk.BeginAsync(merchant.Tenant.Value, source.Value, SourceFileKind.History, "bench", ct).ConfigureAwait(false);
        var count = 0;
        foreach (var chunk in rows.Chunk(SourceBatch.MostEvents))
        {
            await desk.AddAsync(merchant.Tenant.Value, file, chunk, ct).ConfigureAwait(false);
            count += chunk.Length;
        }

        await desk.CompleteAsync(merchant.Tenant.Value, source.Value, file, new byte[31], 0, [], null, ct).ConfigureAwait(false);
        return (file, count);
    }

    private Task<bool> IsBookedAsync(long file, CancellationToken ct) => servers.ScalarAsync<bool>(
        string.Create(
            CultureInfo.InvariantCulture,
            $"SELECT EXISTS (SELECT FROM source_files WHERE file_id = {file} AND state = 4) AND NOT EXISTS (SELECT FROM inbox WHERE state = 0 AND content = 'source.events')"),
        ct);

    /// <summary>Sees what is booked as anybody sees it: after its commit.</summary>
    private async Task WatchAsync(CancellationToken ct)
    {
        using var owner = NpgsqlDataSource.Create(servers.ConnectionString);
        await WaitAsync(
            async () =>
            {
                using var command = owner.CreateCommand("SELECT webhook_id FROM inbox WHERE tenant_id = $1 AND connection_id = $2 AND webhook_id = ANY ($3) AND state = 1");
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = merchant.Tenant.Value });
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = source.Value });
                command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. _sent.Keys] });
                await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
                while (await reader.ReadAsync(ct).ConfigureAwait(false))
                {
                    if (_sent.TryRemove(reader.GetString(0), out var at))
                    {
                        _latencies.Add(time.GetElapsedTime(at));
                    }
                }

                return false;
            },
            ct).ConfigureAwait(false);
    }

    private async Task WaitAsync(Func<Task<bool>> holds, CancellationToken ct)
    {
        while (!await holds().ConfigureAwait(false))
        {
            await Task.Delay(LookEvery, time, ct).ConfigureAwait(false);
        }
    }
}
