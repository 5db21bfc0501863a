using Shouldly;
using SyncFlow.Tests.Support;
using SyncFlow.Tests.Worker;
using Xunit;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>
/// Workers that are killed as kill -9 does, in the middle of each way by which sources tell their stock. Captured changes
/// and pages of movements have tests of their own (<see cref="CaptureCrashTests"/>, WorkerPullTests).
/// </summary>
public sealed class KillTests(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Workers_killed_in_the_middle_of_every_way_leave_the_ledger_of_an_undisturbed_run()
    {
        var calm = await CalmAsync();
        await using var ways = await ManyWays.OpenAsync(postgres, redis);
        var past = await WriteGate.CloseAsync(ways.Api.Database, "UPDATE ON source_files", $"NEW.connection_id = {ways.Historian} AND OLD.done_rows > 0 AND NEW.done_rows > OLD.done_rows");
        await using var closed = past;
        await KillInFourWaysAsync(ways);
        await KillInHistoryAsync(ways, past);
        using var last = WorkerProcess.Start(ways.WorkerSettings());
        await ways.QuietAsync(Limit);

        var ledger = await ways.LedgerAsync();
        calm.Except(ledger).ShouldBeEmpty("lost");
        ledger.Except(calm).ShouldBeEmpty("too many, or other ones");
        ledger.Length.ShouldBe(calm.Length, "something stands twice");
        await ways.Stand.Warehouse.ApplyAsync(); // Nothing to apply: positions and ledger are compared.
    }

    /// <summary>What it is when nobody is killed.</summary>
    private async Task<string[]> CalmAsync()
    {
        await using var ways = await ManyWays.OpenAsync(postgres, redis);
        await ways.TellAsync();
        await ways.PushAsync(ManyWays.PushedFirst + 1, ManyWays.PushedThen);
        using var worker = WorkerProcess.Start(ways.WorkerSettings());
        await ways.QuietAsync(Limit);
        (await ways.Api.SqlAsync<long>("SELECT count(*) FROM ledger_entries")).ShouldBe(ManyWays.All);
        return await ways.LedgerAsync();
    }

    /// <summary>
    /// One worker is at four things at once, and is killed when it stands in the middle of each: it books pushed events,
    /// takes in a refresh's second batch, reads a file of a folder, and waits for the fourth page of positions.
    /// </summary>
    private static async Task KillInFourWaysAsync(ManyWays ways)
    {
        var database = ways.Api.Database;
        await using var booked = await WriteGate.CloseAsync(
            database, "INSERT ON ledger_entries", $"NEW.fact_key = 'source:{ways.Pusher}:p{ManyWays.PushedFirst + (ManyWays.PushedThen / 2)}'");
        await using var uploaded = await WriteGate.CloseAsync(
            database, "UPDATE ON source_files", $"NEW.connection_id = {ways.Uploader} AND OLD.done_rows > 0 AND NEW.done_rows > OLD.done_rows");
        await using var left = await WriteGate.CloseAsync(database, "INSERT ON source_file_rows", "NEW.place = 'L' AND NEW.line > 1200");
        var (asked, page) = (0, new TaskCompletionSource());
        ways.Server.Before = async ended =>
        {
            if (Interlocked.Increment(ref asked) == 4)
            {
                page.SetResult();
                await Task.Delay(Timeout.Infinite, ended);
            }
        };
        await ways.TellAsync();
        using var doomed = WorkerProcess.Start(ways.WorkerSettings());
        await Waits.UntilAsync(() => PushedAsync(ways), "the first pushes to be booked", Limit);
        await ways.PushAsync(ManyWays.PushedFirst + 1, ManyWays.PushedThen);
        foreach (var gate in new[] { booked, uploaded, left })
        {
            await gate.ReachedAsync(Limit);
        }

        await page.Task.WaitAsync(Limit, TestContext.Current.CancellationToken);
        await doomed.KillAsync();

        // Nobody stood at the beginning or at the end.
        (await ways.Api.SqlAsync<long>($"SELECT count(*) FROM ledger_entries WHERE connection_id = {ways.Pusher}")).ShouldBeInRange(ManyWays.PushedFirst, ManyWays.PushedFirst + ManyWays.PushedThen - 1);
        (await ways.Api.SqlAsync<int>($"SELECT done_rows FROM source_files WHERE connection_id = {ways.Uploader}")).ShouldBeInRange(1, ManyWays.Uploaded - 1);
        (await KeptAsync(ways, ways.Leaver)).ShouldBe(1_000);
        (await KeptAsync(ways, ways.Answerer)).ShouldBe(3 * ManyWays.OnPage);
        foreach (var gate in new[] { booked, uploaded, left })
        {
            await gate.OpenAsync();
        }
    }

    /// <summary>The heir finishes the refresh, and is killed in the history after it.</summary>
    private static async Task KillInHistoryAsync(ManyWays ways, WriteGate past)
    {
        using var doomed = WorkerProcess.Start(ways.WorkerSettings());
        await past.ReachedAsync(Limit);
        await doomed.KillAsync();
        (await ways.Api.SqlAsync<int>($"SELECT done_rows FROM source_files WHERE connection_id = {ways.Historian}")).ShouldBeInRange(1, ManyWays.Past - 1);
        await past.OpenAsync();
    }

    private static Task<bool> PushedAsync(ManyWays ways) => ways.Api.SqlAsync<bool>(
        $"SELECT count(*) = {ManyWays.PushedFirst} FROM ledger_entries WHERE connection_id = {ways.Pusher}");

    /// <summary>Rows kept of a file that is coming in.</summary>
    private static Task<long> KeptAsync(ManyWays ways, long source) => ways.Api.SqlAsync<long>(
        $"SELECT count(*) FROM source_file_rows r JOIN source_files f USING (tenant_id, file_id) WHERE f.connection_id = {source} AND f.state = 1");
}
