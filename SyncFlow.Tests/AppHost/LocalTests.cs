using Shouldly;
using SyncFlow.AppHost;
using SyncFlow.AppHost.Local;
using SyncFlow.AppHost.Servers;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.AppHost;

public sealed class LocalTests : IDisposable
{
    private readonly DirectoryInfo folder = TestServers.CreateFolder();

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData("60s", 60)]
    [InlineData("5m", 300)]
    [InlineData("1h", 3600)]
    [InlineData("1m30s", 90)]
    public void A_time_is_numbers_with_units(string text, int seconds)
    {
        LocalOptions.TryParseDuration(text, out var duration).ShouldBeTrue();
        duration.ShouldBe(TimeSpan.FromSeconds(seconds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("60")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("0s")]
    [InlineData("1d")]
    [InlineData("99999999999s")]
    [InlineData("2147483647h")]
    public void What_is_no_time_is_refused(string text) => LocalOptions.TryParseDuration(text, out _).ShouldBeFalse();

    [Fact]
    public async Task The_command_line_becomes_options()
    {
        LocalOptions? seen = null;
        var command = LocalOptions.Command(options =>
        {
            seen = options;
            return Task.FromResult(0);
        });
        await command.Parse("--for 60s --clean --no-sandbox --rate 2.5 --mode shared --port 8080 --data /srv/syncflow --app").InvokeAsync(cancellationToken: TestContext.Current.CancellationToken);
        seen.ShouldBe(new LocalOptions(TimeSpan.FromSeconds(60), Clean: true, Sandbox: false, 2.5, "shared", 8080, "/srv/syncflow", App: true));
        await command.Parse("").InvokeAsync(cancellationToken: TestContext.Current.CancellationToken);
        seen.ShouldBe(new LocalOptions(null, Clean: false, Sandbox: true, 20, null, null, null));
    }

    [Theory]
    [InlineData("--for soon")]
    [InlineData("--rate 0")]
    [InlineData("--rate many")]
    [InlineData("--mode careless")]
    [InlineData("--port 70000")]
    [InlineData("--port 80.5")]
    [InlineData("--unheard-of")]
    public void A_command_line_that_makes_no_sense_is_refused(string line)
    {
        LocalOptions.Command(_ => Task.FromResult(0)).Parse(line).Errors.ShouldHaveSingleItem();
    }

    [Fact]
    public void One_run_at_a_time_uses_a_data_folder()
    {
        using (DataFolder.Open(folder.FullName))
        {
            Should.Throw<StartFailedException>(() => DataFolder.Open(folder.FullName)).Message.ShouldContain("Another run");
        }

        DataFolder.Open(folder.FullName).Dispose();
    }

    [Fact]
    public void A_folder_with_other_things_in_it_is_not_taken()
    {
        File.WriteAllText(Path.Combine(folder.FullName, "thesis.txt"), "");
        Should.Throw<StartFailedException>(() => DataFolder.Open(folder.FullName)).Message.ShouldContain("empty folder");
    }

    [Fact]
    public void Clean_leaves_nothing_but_the_lock_and_logs_of_five_starts_are_kept()
    {
        using var data = DataFolder.Open(folder.FullName);
        File.WriteAllText(data.SecretsFile, "{}");
        for (var start = 1; start <= 7; start++)
        {
            File.WriteAllText(data.NewLog("api"), $"start {start}");
        }

        var logs = Directory.GetFiles(Path.Combine(folder.FullName, "logs")).Select(Path.GetFileName).Order();
        logs.ShouldBe(["api.1.log", "api.2.log", "api.3.log", "api.4.log", "api.log"]);
        File.ReadAllText(Path.Combine(folder.FullName, "logs", "api.4.log")).ShouldBe("start 3");

        data.Clean();
        Directory.GetFiles(folder.FullName, "*", SearchOption.AllDirectories).Select(Path.GetFileName).ShouldBe(["lock"]);
    }

    [Fact]
    public void Secrets_are_made_once_and_only_their_owner_can_read_them()
    {
        var file = Path.Combine(folder.FullName, "secrets.json");
        var made = LocalSecrets.LoadOrCreate(file);
        LocalSecrets.LoadOrCreate(file).ShouldBe(made);
        Convert.FromBase64String(made.SecretsKey).Length.ShouldBe(32);
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        File.WriteAllText(file, "{\"bootstrapApiKey\":\"x\"}");
        Should.Throw<StartFailedException>(() => LocalSecrets.LoadOrCreate(file)).Message.ShouldContain("--clean");
    }

    [Fact]
    public void A_service_is_told_what_the_contract_lists_and_nothing_else()
    {
        var secrets = new LocalSecrets("key", "secrets-key", "client-secret");
        var urls = ServiceContract.Services.ToDictionary(service => service.Resource, service => $"http://{service.Resource}");
        var environment = new ServiceEnvironment("db", "redis:1", secrets, urls, Sandbox: true, name => "/data/" + name);

        var worker = environment.Of(ServiceContract.Worker);
        worker.Keys.ShouldBe(ServiceContract.Worker.Variables.Select(variable => variable.Name), ignoreOrder: true);
        worker["ConnectionStrings__syncflow"].ShouldBe("db");
        worker["ASPNETCORE_URLS"].ShouldBe("http://worker");
        worker["SyncFlow__PublicUrl"].ShouldBe("http://api");
        worker["Channels__Shopify__BaseUrl"].ShouldBe("http://simulator/shopify/{shop}");
        worker.ShouldNotContainKey("SyncFlow__BootstrapApiKey");
        environment.Of(ServiceContract.Simulator).ShouldNotContainKey("ConnectionStrings__syncflow");
        environment.Of(ServiceContract.Simulator)["Simulator__DataFolder"].ShouldBe("/data/simulator");

        var real = (environment with { Sandbox = false }).Of(ServiceContract.Worker);
        real.ShouldNotContainKey("Channels__Shopify__BaseUrl");
        real.ShouldNotContainKey("Channels__Shopify__ClientSecret");
    }

    [Fact]
    public void PostgreSQL_is_found_on_the_path_or_in_the_newest_version_folder_or_not_at_all()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("The stand-ins are shell scripts.");
        }

        var (old, recent, onPath) = (Stand("14/bin", 14), Stand("16/bin", 16), Stand("path", 15));
        ServerLocator.FindPostgresBin([], [folder.FullName]).ShouldBe(recent);
        ServerLocator.FindPostgresBin([onPath], [folder.FullName]).ShouldBe(onPath, "what is on the path was put there on purpose");
        ServerLocator.FindPostgresBin([old], []).ShouldBeNull("14 is too old");
        ServerLocator.FindPostgresBin(["/nowhere"], ["/nowhere"]).ShouldBeNull();
    }

    private string Stand(string path, int version)
    {
        var bin = Directory.CreateDirectory(Path.Combine(folder.FullName, path)).FullName;
        foreach (var name in new[] { "initdb", "postgres", "pg_ctl" })
        {
            var file = Path.Combine(bin, name);
            File.WriteAllText(file, $"#!/bin/sh\necho 'postgres (PostgreSQL) {version}.3 (Debian)'\n");
            Commands.Require("chmod", ["755", file]);
        }

        return bin;
    }
}
