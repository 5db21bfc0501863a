using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Sources;
using SyncFlow.Tests.Storage;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Fairness;
using SyncFlow.Worker.Sources;
using Xunit;

namespace SyncFlow.Tests.Worker.Fairness;

public sealed class SourceFileTurnsTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly DateTimeOffset AsOf = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_small_file_that_comes_while_a_large_one_of_another_merchant_is_taken_in_is_done_before_it()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        await using var wakeUps = new RedisConnection(await redis.ConfigurationAsync());
        var (a, b) = (await OpenAsync(database), await OpenAsync(database));
        var large = await FileAsync(database, a, (3 * SourceFileApplier.MostRows) + 1);
        var files = new SourceFileApplier(database.Worker, TimeProvider.System);
        var turns = new SourceFileTurns(files, new HistoryBacklog(database.Worker, TimeProvider.System), new WakeUps(wakeUps), TimeProvider.System);
        var rounds = new TenantRounds("files", _ => 1, TimeProvider.System, NullLogger.Instance);
        var (small, before, waited) = (0L, 0L, 0);
        await rounds.RunAsync(
            files.TenantsAsync,
            async (tenant, ct) =>
            {
                var end = await turns.TurnAsync(tenant, ct);
                if (small == 0)
                {
                    end.ShouldBe(TurnEnd.More);
                    small = await FileAsync(database, b, 10); // After the first batch of the large one.
                }
                else if (tenant == b.Merchant.Tenant)
                {
                    before = await DoneAsync(database, large);
                }
                else if (end == TurnEnd.NotYet)
                {
                    waited++;
                    await database.ExecuteAsync("UPDATE inbox SET state = 1"); // All of it is booked: the large one may go on.
                }

                return end;
            },
            Ct);
        waited.ShouldBe(1, "of what it took in two batches wait to be booked at most");
        (await DoneAsync(database, small)).ShouldBe(10);
        before.ShouldBe(SourceFileApplier.MostRows);
        (await DoneAsync(database, large)).ShouldBe((3 * SourceFileApplier.MostRows) + 1, "it goes on from where its turns ended");
        (await database.ScalarAsync<long>("SELECT count(*) FROM source_files WHERE state = 4")).ShouldBe(2);
    }

    private static Task<long> DoneAsync(TestDatabase database, long file) =>
        database.ScalarAsync<long>("SELECT done_rows::bigint FROM source_files WHERE file_id = $1", file);

    private static async Task<(Merchant Merchant, long Source)> OpenAsync(TestDatabase database)
    {
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var draft = new SourceDraft(
            "erp", "ERP", SourceStrategy.FullRefresh, SourceOrdering.Time, 900, [Bucket.OnHand], OwnsOnHand: true, null, Gapless: false);
        var source = (await new SourceDesk(database.Api, TimeProvider.System).CreateAsync(merchant.Tenant.Value, draft, Ct))!.Value;
        await database.ExecuteAsync(
            """
            INSERT INTO channel_locations (tenant_id, connection_id, external_location_id, location_id, name, updated_at)
            VALUES ($1, $2, 'plant', $3, 'Plant', now())
            """,
            merchant.Tenant.Value, source, merchant.Location.Value);
        return (merchant, source);
    }

    /// <summary>A file that is to be booked.</summary>
    private static async Task<long> FileAsync(TestDatabase database, (Merchant Merchant, long Source) of, int rows)
    {
        var desk = new SourceFileDesk(database.Api, TimeProvider.System);
        var tenant = of.Merchant.Tenant.Value;
        var file = await desk.BeginAsync(tenant, of.Source, SourceFileKind.History, "test", Ct);
        foreach (var lines in Enumerable.Range(2, rows).Chunk(5_000))
        {
            await desk.AddAsync(tenant, file, [.. lines.Select(Row)], Ct);
        }

        await database.ExecuteAsync("UPDATE source_files SET state = 3 WHERE file_id = $1", file);
        return file;
    }

    private static FileRow Row(int line) =>
        new(line, new SourceEvent($"r{line}", SourceEventType.Position, "sku-0000", "plant", AsOf.AddSeconds(line), null) { OnHand = line });
}
