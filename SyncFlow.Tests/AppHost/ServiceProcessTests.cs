using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Shouldly;
using SyncFlow.AppHost.Local;
using SyncFlow.AppHost.Servers;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.AppHost;

public sealed class ServiceProcessTests : IDisposable
{
    private static readonly Dictionary<string, string?> NoVariables = [];

    private readonly DirectoryInfo folder = TestServers.CreateFolder();

    private readonly HttpClient client = new();

    private string Log => Path.Combine(folder.FullName, "service.log");

    public void Dispose()
    {
        client.Dispose();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_service_that_dies_is_started_again_and_counted()
    {
        await using var service = new ServiceProcess("sleeper", ["sleep", "60"], Log, NoVariables, "http://127.0.0.1:1", watchesItsHost: true, TimeProvider.System);
        service.Start();
        var first = service.ProcessId!.Value;
        using (var process = Process.GetProcessById(first))
        {
            process.Kill();
        }

        await Waits.UntilAsync(() => service.ProcessId is { } pid && pid != first, "the second process");
        service.Restarts.ShouldBe(1);
    }

    [Fact]
    public async Task A_service_that_keeps_dying_waits_longer_each_time()
    {
        var clock = new TestClock();
        await using var service = new ServiceProcess("broken", ["/bin/sh", "-c", "echo started"], Log, NoVariables, "http://127.0.0.1:1", watchesItsHost: true, clock);
        service.Start();
        double[] pauses = [0.5, 1, 2, 4, 8, 10, 10];
        foreach (var (deaths, pause) in pauses.Index())
        {
            await Waits.UntilAsync(() => service.Restarts == deaths + 1 && clock.Waiting == 1, $"death {deaths + 1}");
            clock.Advance(TimeSpan.FromSeconds(pause) - TimeSpan.FromTicks(1));
            clock.Waiting.ShouldBe(1, $"pause {deaths + 1} is {pause} s");
            clock.Advance(TimeSpan.FromTicks(1));
        }
    }

    [Fact]
    public async Task A_service_that_never_answers_is_reported_with_the_end_of_its_log()
    {
        await using var service = new ServiceProcess(
            "mute", ["/bin/sh", "-c", "echo no port for me; sleep 60"], Log, NoVariables, "http://127.0.0.1:1", watchesItsHost: true, new HastyClock());
        service.Start();
        await Waits.UntilAsync(() => File.Exists(Log) && new FileInfo(Log).Length > 0, "its log");
        var failure = await Should.ThrowAsync<StartFailedException>(
            () => service.WaitUntilHealthyAsync(client, TestContext.Current.CancellationToken));
        failure.Message.ShouldContain("mute did not become healthy within 60 s");
        failure.Message.ShouldContain("no port for me");
    }

    [Fact]
    public async Task A_service_is_ready_when_its_health_check_says_so()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        var asked = 0;
        app.MapGet("/health", () => Interlocked.Increment(ref asked) < 3 ? Microsoft.AspNetCore.Http.Results.StatusCode(503) : Microsoft.AspNetCore.Http.Results.Ok());
        await app.StartAsync(TestContext.Current.CancellationToken);
        await using var service = new ServiceProcess("web", ["sleep", "60"], Log, NoVariables, app.Urls.First(), watchesItsHost: true, TimeProvider.System);
        service.Start();
        await service.WaitUntilHealthyAsync(client, TestContext.Current.CancellationToken);
        asked.ShouldBe(3);
    }

    [Fact]
    public async Task A_process_that_does_not_listen_to_a_request_to_end_is_killed_with_its_children()
    {
        using var stubborn = OwnedProcess.Start(["/bin/sh", "-c", "trap '' TERM; echo ready; while true; do sleep 1; done"], Log);
        await Waits.UntilAsync(() => stubborn.LastOutput() == "ready", "the trap");
        (await stubborn.StopAsync(TimeSpan.FromMilliseconds(300))).ShouldBeFalse();
        stubborn.HasExited.ShouldBeTrue();

        using var polite = OwnedProcess.Start(["sleep", "60"], Log);
        (await polite.StopAsync(TimeSpan.FromSeconds(10))).ShouldBeTrue();
    }

    [Fact]
    public async Task A_server_ends_and_its_temporary_folder_goes_when_its_starter_was_killed()
    {
        var temporary = Directory.CreateDirectory(Path.Combine(folder.FullName, "temporary"));
        using var starter = Process.Start("sleep", "60");
        using var server = OwnedProcess.Start(["sleep", "60"], Log);
        using var watchdog = Watchdog.Over(server, "TERM", temporary.FullName, starter.Id);

        starter.Kill();
        await Waits.UntilAsync(() => server.HasExited, "the server to end");
        await Waits.UntilAsync(() => !Directory.Exists(temporary.FullName), "its folder to go");
    }

    /// <summary>The real clock, on which every look is 40 s later than the last.</summary>
    private sealed class HastyClock : TimeProvider
    {
        private long looks;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => 40 * Interlocked.Increment(ref looks);
    }
}
