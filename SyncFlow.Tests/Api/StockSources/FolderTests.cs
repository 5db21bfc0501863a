using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using SyncFlow.Storage.Sources;
using SyncFlow.Storage.Sources.Folders;
using SyncFlow.Tests.Support;
using SyncFlow.Worker.Sources.Folders;
using Xunit;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>Files that sources leave in a directory.</summary>
public sealed class FolderTests(PostgresFixture postgres, RedisFixture redis) : IDisposable
{
    private const string Header = "sku,location,onHand\n";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("syncflow-test-");

    private string Outbox => Path.Combine(_root.FullName, "1", "erp", "outbox");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task Whole_files_are_taken_in_once_and_moved_aside_with_a_report()
    {
        await using var stand = await OpenAsync();
        Write("refresh-20260301T080000Z-5.csv", Header + "A,1000,10\nB,1000,many\n", whole: true);
        Write("refresh-20260301T090000Z-6.csv.part", Header + "A,1000,99\n", whole: true);
        Write("notes.txt", "not ours", whole: true);
        var jobs = Jobs(stand, TimeSpan.FromHours(1));
        await LookAsync(stand, jobs);
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(10);
        var report = Report("done", "refresh-20260301T080000Z-5.csv");
        ((bool)report["repeated"]!, (int)report["file"]!["rows"]!).ShouldBe((false, 1));
        report["file"]!["errors"]!.AsArray().Select(e => $"{e!["line"]} {e["column"]}").ShouldContain("3 onHand");
        Names(Outbox).ShouldBe(["notes.txt", "notes.txt.done", "refresh-20260301T090000Z-6.csv.part", "refresh-20260301T090000Z-6.csv.part.done"]);

        Write("refresh-again-20260301T100000Z-5.csv", Header + "A,1000,10\nB,1000,many\n", whole: true);
        await LookAsync(stand, jobs);
        ((bool)Report("done", "refresh-again-20260301T100000Z-5.csv")["repeated"]!).ShouldBeTrue("the same bytes of the same moment");
        ((string)(await stand.Api.GetAsync($"/api/v1/sources/{stand.Erp}/folder"))["lastFile"]!).ShouldBe("refresh-again-20260301T100000Z-5.csv");
    }

    [Fact]
    public async Task A_file_without_a_marker_is_taken_when_it_is_quiet_and_a_half_written_one_fails()
    {
        await using var stand = await OpenAsync();
        var jobs = Jobs(stand, TimeSpan.Zero);
        const string columns = "id,type,sku,location,occurredAt,sequence,units\n";
        Write("history-1.csv", columns + "m1,movement,A,1000,2026-03-01T08:00:00Z,1,5\n");
        await LookAsync(stand, jobs);
        (await stand.UnitsAsync()).ShouldBe(0, "seen once: it may still grow");
        Write("history-1.csv", columns + "m1,movement,A,1000,2026-03-01T08:00:00Z,1,5\nm2,movement,A,1000,2026-03-01T08:01:00Z,2,3\n");
        await LookAsync(stand, jobs);
        (await stand.UnitsAsync()).ShouldBe(0, "it grew");
        await LookAsync(stand, jobs);
        (await stand.UnitsAsync()).ShouldBe(8);

        Write("history-2.csv", columns + "m3,movement,A,1000,2026-03-01T08:02:00Z,3,", whole: true);
        await LookAsync(stand, jobs);
        (await stand.UnitsAsync()).ShouldBe(8);
        Report("failed", "history-2.csv")["errors"]!["file"]![0]!.GetValue<string>().ShouldContain("half written");
        (await IncidentsAsync(stand)).ShouldContain("source-file-failed");
        Write("refresh.csv", Header + "A,1000,8\n", whole: true);
        await LookAsync(stand, jobs);
        Report("failed", "refresh.csv")["problem"]!.GetValue<string>().ShouldContain("ordered by sequence");
        Write("history-3.csv", columns + "m3,movement,A,1000,2026-03-01T08:02:00Z,3,4\n", whole: true);
        await LookAsync(stand, jobs);
        (await stand.UnitsAsync()).ShouldBe(12);
        (await IncidentsAsync(stand)).ShouldNotContain("source-file-failed");
    }

    [Fact]
    public async Task Nothing_outside_the_directory_is_touched()
    {
        await using var stand = await OpenAsync();
        foreach (var wrong in new[] { "../2/erp", "/etc", "a//b", "a\\b", "", ".hidden", "a/b/c/d/e" })
        {
            (await FolderAsync(stand, stand.Erp, wrong)).ShouldBe(HttpStatusCode.BadRequest, wrong);
        }

        var other = await stand.SourceAsync("WMS", "wms");
        (await FolderAsync(stand, other, "erp/outbox")).ShouldBe(HttpStatusCode.BadRequest, "another source has it");
        var secret = Path.Combine(_root.FullName, "secret.csv");
        await File.WriteAllTextAsync(secret, Header + "A,1000,66\n", TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(Path.Combine(Outbox, "refresh-20260301T080000Z-5.csv"), secret);
        await File.WriteAllTextAsync(Path.Combine(Outbox, "refresh-20260301T080000Z-5.csv.done"), "", TestContext.Current.CancellationToken);
        var jobs = Jobs(stand, TimeSpan.Zero);
        await LookAsync(stand, jobs);
        await LookAsync(stand, jobs);
        (await stand.UnitsAsync()).ShouldBe(0);
        File.Exists(secret).ShouldBeTrue();

        Directory.CreateSymbolicLink(Path.Combine(_root.FullName, "1", "linked"), _root.FullName);
        (await FolderAsync(stand, stand.Erp, "linked")).ShouldBe(HttpStatusCode.OK);
        await LookAsync(stand, jobs);
        ((string)(await stand.Api.GetAsync($"/api/v1/sources/{stand.Erp}/folder"))["problem"]!).ShouldContain("is a link");
    }

    [Fact]
    public async Task A_file_that_was_stored_and_not_moved_when_the_worker_died_is_known()
    {
        await using var stand = await OpenAsync();
        var jobs = Jobs(stand, TimeSpan.Zero);
        const string text = "id,type,sku,location,occurredAt,sequence,units\nm1,movement,A,1000,2026-03-01T08:00:00Z,1,5\n";
        Write("history-1.csv", text, whole: true);
        await LookAsync(stand, jobs);
        var desk = new SourceFileDesk(stand.Warehouse.Worker, TimeProvider.System);
        await desk.BeginAsync(1, stand.Erp, SourceFileKind.History, "a worker that was killed while it read", TestContext.Current.CancellationToken);
        Write("history-1.csv", text, whole: true);
        await LookAsync(stand, jobs);
        (await stand.UnitsAsync()).ShouldBe(5);
        Directory.GetFiles(Path.Combine(Outbox, "done"), "*.report.json").Select(File.ReadAllText)
            .Count(r => r.Contains("\"repeated\": true", StringComparison.Ordinal)).ShouldBe(1);
    }

    private async Task<SourceStand> OpenAsync()
    {
        var stand = await SourceStand.OpenAsync(postgres, redis);
        Directory.CreateDirectory(Outbox);
        (await FolderAsync(stand, stand.Erp, "erp/outbox")).ShouldBe(HttpStatusCode.OK);
        return stand;
    }

    [Fact]
    public async Task A_file_that_cannot_be_moved_away_leaves_no_reports_and_is_left_alone_longer_each_time()
    {
        var clock = new TestClock();
        var disk = new FolderFiles(_root.FullName, TimeSpan.FromHours(1), clock);
        var directory = Directory.CreateDirectory(Outbox);
        Write("refresh-1.csv", Header, whole: true);
        foreach (var wait in new[] { 10, 20, 40 })
        {
            var file = disk.Ready(directory).ShouldHaveSingleItem();
            Directory.CreateDirectory(Path.Combine(Outbox, "done", $"{clock.GetUtcNow():yyyyMMddTHHmmssfffZ}-refresh-1.csv"));
            Should.Throw<IOException>(() => FolderFiles.Move(file, "done", clock.GetUtcNow()));
            disk.LeaveAlone(file);
            disk.Stuck(directory).ShouldBe("refresh-1.csv");
            clock.Advance(TimeSpan.FromSeconds(wait - 1));
            disk.Ready(directory).ShouldBeEmpty();
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Directory.GetFiles(Path.Combine(Outbox, "done")).ShouldBeEmpty("what was not moved has no report");
        var last = disk.Ready(directory).Single();
        await FolderFiles.ReportAsync(last, FolderFiles.Move(last, "done", clock.GetUtcNow()), "{}", TestContext.Current.CancellationToken);
        disk.Ready(directory).ShouldBeEmpty();
        disk.Stuck(directory).ShouldBeNull();
        Directory.GetFiles(Path.Combine(Outbox, "done")).Length.ShouldBe(2, "the file, and its report");
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_keeps_none_behind_it_waiting_and_is_told_until_it_is_gone()
    {
        await using var stand = await OpenAsync();
        const string first = "refresh-20260301T080000Z-5.csv";
        Write(first, Header + "A,1000,10\n", whole: true);
        Write("refresh-20260301T090000Z-6.csv", Header + "A,1000,7\n", whole: true);
        var jobs = Jobs(stand, TimeSpan.FromHours(1));
        await using (new FileStream(Path.Combine(Outbox, first), FileMode.Open, FileAccess.Read, FileShare.None))
        {
            await LookAsync(stand, jobs);
            (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(7);
            for (var look = 0; look < 2; look++)
            {
                (await ProblemAsync(stand)).ShouldBe($"{first} cannot be read or moved", "the good one does not end it");
                (await IncidentsAsync(stand)).ShouldContain("source-file-failed");
                await LookAsync(stand, jobs);
            }
        }

        File.Delete(Path.Combine(Outbox, first));
        await LookAsync(stand, jobs);
        (await ProblemAsync(stand)).ShouldBeNull();
        (await IncidentsAsync(stand)).ShouldNotContain("source-file-failed");
    }

    [Fact]
    public async Task Why_a_file_failed_is_told_although_its_report_cannot_be_written()
    {
        await using var stand = await OpenAsync();
        var clock = new TestClock();
        Write("history-1.csv", "id,type,sku,location,occurredAt,sequence,units\nm1,", whole: true);
        Directory.CreateDirectory(Path.Combine(Outbox, "failed", $"{clock.GetUtcNow():yyyyMMddTHHmmssfffZ}-history-1.csv.report.json"));
        var jobs = Jobs(stand, TimeSpan.FromHours(1), clock);
        await LookAsync(stand, jobs);
        await LookAsync(stand, jobs);
        (await ProblemAsync(stand)).ShouldNotBeNull().ShouldStartWith("history-1.csv: ");
        (await IncidentsAsync(stand)).ShouldContain("source-file-failed");
    }

    private static async Task<string?> ProblemAsync(SourceStand stand) =>
        (string?)(await stand.Api.GetAsync($"/api/v1/sources/{stand.Erp}/folder"))["problem"];

    private FolderJobs Jobs(SourceStand stand, TimeSpan settle, TimeProvider? clock = null) => new(
        new FolderStore(stand.Warehouse.Worker, TimeProvider.System), new SourceFileDesk(stand.Warehouse.Worker, TimeProvider.System),
        new FolderFiles(_root.FullName, settle, TimeProvider.System), clock ?? TimeProvider.System, NullLogger<FolderJobs>.Instance);

    private static async Task LookAsync(SourceStand stand, FolderJobs jobs)
    {
        await jobs.LookAsync(TestContext.Current.CancellationToken);
        await stand.FilesAsync();
    }

    private static async Task<HttpStatusCode> FolderAsync(SourceStand stand, long source, string folder)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v1/sources/{source}/folder") { Content = JsonContent.Create(new { folder }) };
        return (await stand.Api.SendAsync(request)).Status;
    }

    private static async Task<string[]> IncidentsAsync(SourceStand stand) =>
        [.. (await stand.Api.GetAsync("/api/v1/incidents?open=true"))["items"]!.AsArray().Select(i => (string)i!["kind"]!)];

    private void Write(string name, string text, bool whole = false)
    {
        File.WriteAllText(Path.Combine(Outbox, name), text, Encoding.UTF8);
        if (whole)
        {
            File.WriteAllText(Path.Combine(Outbox, name + FolderFiles.DoneSuffix), "");
        }
    }

    private JsonNode Report(string place, string name) => JsonNode.Parse(File.ReadAllText(
        Directory.GetFiles(Path.Combine(Outbox, place), $"*-{name}.report.json").ShouldHaveSingleItem()))!;

    private static string[] Names(string folder) => [.. Directory.GetFiles(folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];
}
