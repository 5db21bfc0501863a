using Shouldly;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Sources;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Sources;

/// <summary>Files while they come in: slow ones, those whose receiver died, and large refreshes compared with what was known.</summary>
public sealed class SourceFileReceiptTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset AsOf = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_that_comes_slowly_is_waited_for_and_one_that_was_given_up_is_never_booked_in_part()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var (merchant, source) = await OpenAsync(database);
        var desk = new SourceFileDesk(database.Api, TimeProvider.System);
        var tenant = merchant.Tenant.Value;
        var slow = await desk.BeginAsync(tenant, source, SourceFileKind.FullRefresh, "test", Ct);
        var dead = await desk.BeginAsync(tenant, source, SourceFileKind.FullRefresh, "test", Ct);
        await desk.AddAsync(tenant, slow, [Row(2, 5)], Ct);
        await desk.AddAsync(tenant, dead, [Row(2, 5)], Ct);
        await database.ExecuteAsync(
            """
            UPDATE source_files SET received_at = received_at - interval '3 hours',
              heard_at = heard_at - CASE WHEN file_id = $1 THEN interval '16 minutes' ELSE interval '14 minutes' END
            """,
            dead);

        await new SourceFileApplier(database.Worker, TimeProvider.System).RunAsync(merchant.Tenant, null, Ct);
        await desk.AddAsync(tenant, slow, [Row(3, 6)], Ct);
        await desk.CompleteAsync(tenant, source, slow, new byte[32], 0, [], LeftOut, Ct);
        (await desk.FindAsync(tenant, source, slow, Ct))!.Rows.ShouldBe(2);
        (await desk.FindAsync(tenant, source, dead, Ct))!.State.ShouldBe(SourceFileState.Broken);
        (await Should.ThrowAsync<InvalidOperationException>(() => desk.AddAsync(tenant, dead, [Row(3, 6)], Ct))).Message.ShouldContain("given up");
        await Should.ThrowAsync<InvalidOperationException>(() => desk.CompleteAsync(tenant, source, dead, new byte[31], 0, [], LeftOut, Ct));
        (await new SourceFileClearing(database.Worker).TenantsAsync(Ct)).ShouldBe([merchant.Tenant]);
        (await new SourceFileClearing(database.Worker).NextAsync(merchant.Tenant, SourceFileClearing.MostRows, Ct)).ShouldBeTrue();
        (await database.ScalarAsync<long>("SELECT count(*) FROM source_file_rows WHERE file_id = $1", dead)).ShouldBe(0);
    }

    [Fact]
    public async Task The_rows_of_a_rejected_file_are_deleted_piece_by_piece_and_a_killed_worker_leaves_the_rest_to_another()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var (merchant, source) = await OpenAsync(database);
        var desk = new SourceFileDesk(database.Api, TimeProvider.System);
        var tenant = merchant.Tenant.Value;
        var (rejected, other) = (await FilledAsync(25), await FilledAsync(5));
        await database.ExecuteAsync("UPDATE source_files SET state = 2 WHERE file_id = $1", rejected);
        Task<long> LeftAsync(long file) => database.ScalarAsync<long>("SELECT count(*) FROM source_file_rows WHERE file_id = $1", file);
        (await desk.DecideAsync(tenant, source, rejected, approve: false, "test", Ct)).ShouldBeTrue();
        (await LeftAsync(rejected)).ShouldBe(25, "whoever decides waits for no row");

        var clearing = new SourceFileClearing(database.Worker);
        (await clearing.NextAsync(merchant.Tenant, 10, Ct)).ShouldBeTrue();
        (await LeftAsync(rejected)).ShouldBe(15);
        await using (var gate = await WriteGate.CloseAsync(database.ConnectionString, "DELETE ON source_file_rows", "OLD.line > 20"))
        {
            using var kill = new CancellationTokenSource();
            var killed = clearing.NextAsync(merchant.Tenant, 20, kill.Token);
            await gate.ReachedAsync(TimeSpan.FromSeconds(20));
            await kill.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(() => killed);
        }

        (await LeftAsync(rejected)).ShouldBe(15, "a piece that did not end is undone");
        await using (var held = await StorageSession.OpenAsync(database.Worker, merchant.Tenant, Ct))
        {
            await held.QueryAsync(held.Of("SELECT file_id FROM source_files WHERE tenant_id = $1 AND to_clear FOR NO KEY UPDATE"), row => row.GetInt64(0), Ct);
            (await clearing.NextAsync(merchant.Tenant, 10, Ct)).ShouldBeFalse("another worker is at it, and nobody waits for it");
        }

        var pieces = 0;
        while (await new SourceFileClearing(database.Worker).NextAsync(merchant.Tenant, 10, Ct))
        {
            pieces++;
        }

        pieces.ShouldBe(3, "ten rows, five, and that nothing is left");
        (await LeftAsync(rejected)).ShouldBe(0);
        (await LeftAsync(other)).ShouldBe(5, "it is still coming in");
        (await clearing.TenantsAsync(Ct)).ShouldBeEmpty();

        async Task<long> FilledAsync(int rows)
        {
            var file = await desk.BeginAsync(tenant, source, SourceFileKind.FullRefresh, "test", Ct);
            await desk.AddAsync(tenant, file, [.. Enumerable.Range(2, rows).Select(line => Row(line, 1))], Ct);
            return file;
        }
    }

    /// <summary>Matching each of them with each would take four hundred million looks.</summary>
    [Fact]
    public async Task A_refresh_of_many_positions_at_one_place_is_compared_at_once_and_those_it_leaves_out_are_told()
    {
        const int skus = 20_000;
        await using var database = await TestDatabase.CreateAsync(postgres);
        var (merchant, source) = await OpenAsync(database);
        var tenant = merchant.Tenant.Value;
        await database.ExecuteAsync("INSERT INTO skus (tenant_id, code, code_key) SELECT $1, 'S' || n, 'S' || n FROM generate_series(1, $2::int) n", tenant, skus);
        await database.ExecuteAsync(
            """
            INSERT INTO source_positions (tenant_id, sku_id, connection_id, place, location_id, known, on_hand, unavailable, version, moved_version, updated_at)
            SELECT $1, sku_id, $2, '1000', $3, true, 5, 0, 1, 1, now() FROM skus WHERE tenant_id = $1 AND code LIKE 'S%'
            """,
            tenant, source, merchant.Location.Value);
        await database.ExecuteAsync(
            """
            INSERT INTO source_items (tenant_id, connection_id, item_key, item_code, sku_id, updated_at)
            SELECT $1, $2, 'ITEM 1', 'item 1', sku_id, now() FROM skus WHERE tenant_id = $1 AND code = 'S1'
            """,
            tenant, source);
        var desk = new SourceFileDesk(database.Api, TimeProvider.System);
        var file = await desk.BeginAsync(tenant, source, SourceFileKind.FullRefresh, "test", Ct);

        // S1 is told by its own code, S2 to S1500 are left out, S1501 has nothing any more.
        await database.ExecuteAsync(
            """
            INSERT INTO source_file_rows (tenant_id, file_id, line, item_key, place, on_hand, body)
            SELECT $1, $2, n, CASE n WHEN 1 THEN 'ITEM 1' ELSE 'S' || n END, '1000', CASE n WHEN 1501 THEN 0 ELSE 5 END, ''
            FROM generate_series(1, $3::int) n WHERE n = 1 OR n > 1500
            """,
            tenant, file, skus);
        await desk.CompleteAsync(tenant, source, file, new byte[32], 0, [], LeftOut, Ct);

        var view = (await desk.FindAsync(tenant, source, file, Ct))!;
        view.Compared.ShouldBe(new FeedComparison(skus, skus - 1_499, 1_500));
        view.State.ShouldBe(SourceFileState.AwaitsApproval);
        view.Rows.ShouldBe(skus, "a row for each that is left out");
        (await database.ScalarAsync<int>("SELECT max(line) FROM source_file_rows")).ShouldBe(skus + 1_499);
    }

    private static async Task<(Merchant Merchant, long Source)> OpenAsync(TestDatabase database)
    {
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var draft = new SourceDraft(
            "erp", "ERP", SourceStrategy.FullRefresh, SourceOrdering.Time, 900, [Bucket.OnHand], OwnsOnHand: true, null, Gapless: false);
        return (merchant, (await new SourceDesk(database.Api, TimeProvider.System).CreateAsync(merchant.Tenant.Value, draft, Ct))!.Value);
    }

    private static FileRow Row(int line, int units) => new(line, new SourceEvent($"r{line}", SourceEventType.Position, $"S{line}", "1000", AsOf, null) { OnHand = units });

    private static SourceEvent LeftOut(string item, string place, int number) => new($"left{number}", SourceEventType.Position, item, place, AsOf, null);
}
