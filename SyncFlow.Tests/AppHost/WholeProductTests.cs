using System.Globalization;
using System.Text.RegularExpressions;
using Shouldly;
using SyncFlow.AppHost.Servers;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.AppHost;

/// <summary>Runs alone: it starts the whole product, and says how long that takes.</summary>
[CollectionDefinition(nameof(WholeProductTests), DisableParallelization = true)]
public sealed class WholeProductRuns;

/// <summary>The product as a user starts it: one command, until it ends by itself.</summary>
[Collection(nameof(WholeProductTests))]
public sealed partial class WholeProductTests : IAsyncLifetime
{
    /// <summary>From a start on an empty folder until buyers buy, on a machine that does other things too.</summary>
    private static readonly TimeSpan FirstStartLimit = TimeSpan.FromSeconds(60);

    /// <summary>The run's own limit for draining is 60 s; stopping the servers takes the rest.</summary>
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(90);

    private DirectoryInfo folder = null!;

    private AppHostProcess? host;

    private string Data => Path.Combine(folder.FullName, "data");

    public ValueTask InitializeAsync()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("The processes of a run are found in /proc, which only Linux has.");
        }

        try
        {
            ServerLocator.PostgresBin();
            ServerLocator.RedisServer();
        }
        catch (ServerNotFoundException missing)
        {
            TestServers.RefuseOrSkip(missing.Message);
        }

        folder = TestServers.CreateFolder();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (host is not null)
        {
            await host.DisposeAsync();
        }

        folder?.Delete(recursive: true);
    }

    [Fact]
    public async Task One_command_starts_everything_sells_and_ends_with_nothing_lost_and_books_that_agree()
    {
        await StartAsync("12s", FirstStartLimit, "--app", "--sources");
        await EndsWellAsync();
        Figure("services restarted").ShouldBe("none", host!.Output);
        Regex.Count(host.Output, "the app was installed by token exchange").ShouldBe(3, host.Output);
        foreach (var source in new[] { "ERP", "WMS", "Tills", "3PL" })
        {
            host.Output.ShouldMatch($@"(?m)^{source} +([1-9][\d,]*) of \1 rows taken in.*, 0 unmapped, 0 refused");
        }

        host.Output.ShouldContain("and what is really there.");
    }

    [Fact]
    public async Task A_killed_worker_is_restarted_and_nothing_is_lost()
    {
        await StartAsync("20s", FirstStartLimit);
        await KillAndSeeAgainAsync("SyncFlow.Worker.dll");
        await Task.Delay(TimeSpan.FromSeconds(5));
        await KillAndSeeAgainAsync("SyncFlow.Api.dll");
        await Task.Delay(TimeSpan.FromSeconds(5));

        // Redis only wakes others up: until it is there again, what is sold is found by sweeps.
        await KillAndSeeAgainAsync("redis-server");
        host!.Output.ShouldNotContain("The buyers have stopped", Case.Sensitive, "nothing was sold without Redis");
        await EndsWellAsync();
        Figure("services restarted").ShouldBe("api 1, worker 1, redis 1", host.Output);
    }

    [Fact]
    public async Task A_second_start_finds_what_the_first_one_kept_and_is_ready_soon()
    {
        await StartAsync("6s", FirstStartLimit);
        await EndsWellAsync();
        var first = Number("orders in the ledger");
        await host!.DisposeAsync();

        await StartAsync("6s", TimeSpan.FromSeconds(15));
        await EndsWellAsync();
        Number("orders in the ledger").ShouldBeGreaterThan(first, host.Output);
        host.Output.ShouldNotContain("Import of");
    }

    private async Task StartAsync(string runFor, TimeSpan limit, params string[] more)
    {
        host = AppHostProcess.Start(Data, runFor, more);
        try
        {
            await Waits.UntilAsync(() => host.BuyersBuy, "buyers that buy", limit);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message} The run says:{Environment.NewLine}{host.Output}", late);
        }
    }

    private async Task KillAndSeeAgainAsync(string program)
    {
        var killed = host!.KillChild(program);
        await Waits.UntilAsync(() => host.Child(program) is { } id && id != killed, $"{program} to be started again", TimeSpan.FromSeconds(10));
    }

    private async Task EndsWellAsync()
    {
        var code = await host!.WaitForExitAsync(EndLimit);
        var report = Report();
        code.ShouldBe(0, report);
        host.Output.ShouldMatch(@"(?m)^oversold units: \d+ \(while guarded: 0\)\r?$", report);
        host.Output.ShouldContain("nothing was lost", Case.Sensitive, report);
        Number("orders accepted / refused").ShouldBeGreaterThan(0, report);
        Number("pushes verified").ShouldBeGreaterThan(0, report);
    }

    /// <summary>What the run said, and the ends of its logs: the folder is gone when a failure is read.</summary>
    private string Report()
    {
        var logs = Directory.GetFiles(Path.Combine(Data, "logs"), "*.log").Order()
            .Select(log => $"--- {Path.GetFileName(log)}{Environment.NewLine}{LogTail.Read(log)}");
        return string.Join(Environment.NewLine, logs.Prepend(host!.Output));
    }

    /// <summary>A row of the summary, which is the last thing that has rows.</summary>
    private string Figure(string name)
    {
        var row = host!.Output.Split('\n').Last(line => line.StartsWith(name + "  ", StringComparison.Ordinal));
        return row[name.Length..].Trim();
    }

    private double Number(string name) =>
        double.Parse(LeadingNumber().Match(Figure(name)).Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^[\d,]+")]
    private static partial Regex LeadingNumber();
}
