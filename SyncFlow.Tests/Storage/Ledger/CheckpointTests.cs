using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Storage.Ledger;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Ledger;

public sealed class CheckpointTests(PostgresFixture postgres)
{
    private const int Entries = 4_000;

    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset End = Start.AddDays(30);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sums_at_any_moment_are_the_same_with_checkpoints_and_add_up_a_bounded_number_of_entries()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 2);
        await FillAsync(merchant);
        var points = Enumerable.Range(0, 40).Select(i => LedgerPoint.After(Start.AddMinutes((i * 1_100) - 5))).ToList();
        var plain = await SumsAsync(merchant, points);
        plain[^1].Entries.ShouldBe(Entries);

        var made = await MakeAsync(merchant, End);
        made.ShouldBeGreaterThan(2 * Entries / LedgerCheckpoints.Spacing / 2, "two SKUs");
        var quick = await SumsAsync(merchant, points);
        quick.Select(s => (s.Buckets, s.Entries)).ShouldBe(plain.Select(s => (s.Buckets, s.Entries)));

        // An entry more or less than the spacing: a checkpoint takes all entries of its moment.
        quick.Max(s => s.Added).ShouldBeLessThan(LedgerCheckpoints.Spacing + 10);
        plain.Max(s => s.Added).ShouldBe(Entries);
        (await MakeAsync(merchant, End)).ShouldBe(0, "they are there already");
    }

    [Fact]
    public async Task A_point_inside_a_moment_leaves_out_the_entries_after_it()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        await FillAsync(merchant);
        await MakeAsync(merchant, End);
        var (moment, third) = (
            await database.ScalarAsync<DateTime>("SELECT recorded_at FROM ledger_entries GROUP BY recorded_at HAVING count(*) = 4 ORDER BY 1 DESC LIMIT 1"),
            await database.ScalarAsync<long>(
                "SELECT entry_id FROM ledger_entries WHERE recorded_at = (SELECT recorded_at FROM ledger_entries GROUP BY recorded_at HAVING count(*) = 4 ORDER BY 1 DESC LIMIT 1) ORDER BY entry_id OFFSET 2 LIMIT 1"));
        var expected = await database.ScalarAsync<long>("SELECT count(*) FROM ledger_entries WHERE (recorded_at, entry_id) < ($1, $2)", moment, third);
        var found = await SumsAsync(merchant, [new LedgerPoint(moment, third)]);
        found.ShouldHaveSingleItem().Entries.ShouldBe(expected);
    }

    [Fact]
    public async Task A_wrong_checkpoint_is_found_and_dropped_with_those_that_build_on_it()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        await FillAsync(merchant);
        var made = await MakeAsync(merchant, End);
        (await DropWrongAsync(merchant)).ShouldBeEmpty();

        await database.ExecuteAsync(
            "UPDATE ledger_checkpoints SET on_hand = on_hand + 1 WHERE through = (SELECT through FROM ledger_checkpoints ORDER BY through OFFSET 2 LIMIT 1)");
        var wrong = await LatestAsync(merchant);
        (await DropWrongAsync(merchant)).Count.ShouldBe(made - 2);
        (await database.ScalarAsync<long>("SELECT count(*) FROM ledger_checkpoints")).ShouldBe(2);
        (await LatestAsync(merchant)).ShouldBe(wrong, "a wrong checkpoint of the past does not touch sums after the last");

        await MakeAsync(merchant, End, merchant.Skus.Select(s => new PoolRef(s, merchant.Location)).ToList());
        (await database.ScalarAsync<long>("SELECT count(*) FROM ledger_checkpoints")).ShouldBeInRange(made - 1, made);
        (await DropWrongAsync(merchant)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Only_pools_with_new_entries_are_looked_through_again()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 2);
        await FillAsync(merchant);
        await using (var session = await merchant.WorkAsync())
        {
            (await LedgerCheckpoints.DueAsync(session, End, Ct)).Count.ShouldBe(2);
            await LedgerCheckpoints.NoteAsync(session, End, Ct);
            await session.CommitAsync(Ct);
        }

        await database.ExecuteAsync(
            "INSERT INTO ledger_entries (tenant_id, sku_id, location_id, bucket, delta, reason, fact_key, occurred_at, recorded_at) VALUES ($1, $2, $3, 1, 1, 9, 'k', $4, $4)",
            merchant.Tenant.Value, merchant.Skus[1].Value, merchant.Location.Value, End.AddMinutes(1));
        await using var look = await merchant.WorkAsync();
        (await LedgerCheckpoints.DueAsync(look, End, Ct)).ShouldBeEmpty("not settled yet");
        (await LedgerCheckpoints.DueAsync(look, End.AddHours(1), Ct)).ShouldBe([new PoolRef(merchant.Skus[1], merchant.Location)]);
    }

    /// <summary>Entries of every SKU spread over a month; every tenth moment has four of them.</summary>
    private static Task FillAsync(Merchant merchant) => merchant.Database.ExecuteAsync(
        """
        INSERT INTO ledger_entries (tenant_id, sku_id, location_id, bucket, delta, reason, fact_key, occurred_at, recorded_at)
        SELECT $1, s, $3, 1 + n % 9, CASE WHEN n % 7 = 3 THEN -2 ELSE 1 END, 9, 'fill:' || n, $4, $4 + make_interval(mins => (CASE WHEN n % 40 < 4 THEN n / 40 * 40 ELSE n END) * 10)
        FROM unnest($2::bigint[]) AS s, generate_series(1, $5) AS n ORDER BY n
        """,
        merchant.Tenant.Value, merchant.Skus.Select(s => s.Value).ToArray(), merchant.Location.Value, Start, Entries);

    private static async Task<List<PoolSums>> SumsAsync(Merchant merchant, IEnumerable<LedgerPoint> points)
    {
        await using var session = await merchant.WorkAsync();
        var sums = new List<PoolSums>();
        foreach (var point in points)
        {
            sums.AddRange(await session.QueryAsync(LedgerSums.Behind(session, merchant.Skus[^1], null, point), LedgerSums.Read, Ct));
        }

        return sums;
    }

    private static async Task<Buckets> LatestAsync(Merchant merchant) =>
        (await SumsAsync(merchant, [LedgerPoint.Latest])).ShouldHaveSingleItem().Buckets;

    private static async Task<int> MakeAsync(Merchant merchant, DateTimeOffset until, List<PoolRef>? pools = null)
    {
        await using var session = await merchant.WorkAsync();
        var made = await LedgerCheckpoints.MakeAsync(session, pools ?? await LedgerCheckpoints.DueAsync(session, until, Ct), until, Ct);
        await session.CommitAsync(Ct);
        return made;
    }

    private static async Task<List<WrongCheckpoint>> DropWrongAsync(Merchant merchant)
    {
        await using var session = await merchant.WorkAsync();
        var wrong = await LedgerCheckpoints.DropWrongAsync(session, new SkuId(0), merchant.Skus[^1], Ct);
        await session.CommitAsync(Ct);
        return wrong;
    }
}
