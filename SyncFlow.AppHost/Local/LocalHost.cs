using System.Globalization;
using SyncFlow.AppHost.Sandbox;
using SyncFlow.AppHost.Servers;

namespace SyncFlow.AppHost.Local;

/// <summary>
/// SyncFlow as processes on this machine: servers, migrations, services, and the sandbox that shows them at work. What
/// was started is stopped in the reverse order, however the run ends.
/// </summary>
internal sealed class LocalHost(LocalOptions options, TimeProvider time, TextWriter output) : IAsyncDisposable
{
    /// <summary>The run did what was asked.</summary>
    public const int Succeeded = 0;

    /// <summary>The run's checks failed: something was oversold while guarded, lost, or is still unverified.</summary>
    public const int ChecksFailed = 1;

    /// <summary>The run could not start, or broke off.</summary>
    public const int StartFailed = 2;

    private const int PreferredApiPort = 5080;

    private static readonly TimeSpan MigrationLimit = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan RequestLimit = TimeSpan.FromSeconds(30);

    private readonly HttpClient client = new() { Timeout = RequestLimit };

    /// <summary>What was started, the newest on top.</summary>
    private readonly Stack<IAsyncDisposable> started = new();

    private readonly List<ServiceProcess> services = [];

    private DataFolder? folder;

    private LocalServers? servers;

    /// <summary>The services that run, for tests.</summary>
    public IReadOnlyList<ServiceProcess> Services => services;

    /// <summary>Connection string of the database, once started; for benchmarks.</summary>
    public string Postgres => servers?.Postgres ?? throw new InvalidOperationException("Not started.");

    /// <summary>Runs until the options' time is over or a stop is requested.</summary>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> RunAsync(LocalOptions options, TimeProvider time)
    {
        using var signals = new StopSignals();
        await using var host = new LocalHost(options, time, Console.Out);
        try
        {
            var data = Path.GetFullPath(options.DataFolder ?? Path.Combine(ServicePrograms.Checkout(), ".syncflow"));
            var secrets = await host.StartAsync(data, signals.Requested).ConfigureAwait(false);
            return await host.StayAsync(secrets, signals.Requested).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (signals.Requested.IsCancellationRequested)
        {
            await Console.Out.WriteLineAsync("Stopping ...").ConfigureAwait(false);
            return Succeeded;
        }
        catch (Exception failure) when (failure is StartFailedException or ServerNotFoundException or ServerFailedException or SandboxStepException)
        {
            await Console.Error.WriteLineAsync(failure.Message).ConfigureAwait(false);
            return StartFailed;
        }
    }

    /// <summary>Starts servers, migrates, starts services and waits until each is healthy.</summary>
    /// <returns>The installation's secrets.</returns>
    public async Task<LocalSecrets> StartAsync(string dataFolder, CancellationToken cancellation)
    {
        folder = DataFolder.Open(dataFolder);
        if (options.Clean)
        {
            folder.Clean();
        }

        var secrets = LocalSecrets.LoadOrCreate(folder.SecretsFile);
        var watch = time.GetTimestamp();
        servers = await LocalServers.StartAsync(folder, time, cancellation).ConfigureAwait(false);
        started.Push(servers);
        Say($"PostgreSQL and Redis are up ({Seconds(watch)}).");

        var environment = Environment(servers, secrets, folder);
        watch = time.GetTimestamp();
        await MigrateAsync(environment, cancellation).ConfigureAwait(false);
        Say($"The schema is up to date ({Seconds(watch)}).");

        watch = time.GetTimestamp();
        foreach (var service in ServiceContract.Services.Where(service => options.Sandbox || !service.SandboxOnly))
        {
            var (command, log) = (ServicePrograms.CommandLine(service), folder.NewLog(service.Resource));
            var url = environment.Urls[service.Resource];
            var process = new ServiceProcess(service.Resource, command, log, environment.Of(service), url, service.WatchesItsHost, time);
            started.Push(process);
            services.Add(process);
            process.Start();
        }

        await Task.WhenAll(services.Select(service => service.WaitUntilHealthyAsync(client, cancellation))).ConfigureAwait(false);
        Say($"{string.Join(", ", services.Select(service => service.Name))} are healthy ({Seconds(watch)}).");
        return secrets;
    }

    public async ValueTask DisposeAsync()
    {
        while (started.TryPop(out var next))
        {
            await next.DisposeAsync().ConfigureAwait(false);
        }

        client.Dispose();
        folder?.Dispose();
    }

    /// <summary>Sets the sandbox up and lets buyers buy until the options' time is over.</summary>
    /// <returns>The process's exit code.</returns>
    public async Task<int> StayAsync(LocalSecrets secrets, CancellationToken cancellation)
    {
        Say($"API      {UrlOf(ServiceContract.Api)}");
        Say($"API key  in {folder!.SecretsFile} (bootstrapApiKey)");
        Say($"Logs     {Path.Combine(folder.Root, "logs")}");
        if (!options.Sandbox)
        {
            Say("Running without a sandbox. Ctrl+C stops.");
            await Task.Delay(options.RunFor ?? Timeout.InfiniteTimeSpan, time, cancellation).ConfigureAwait(false);
            return Succeeded;
        }

        var api = new ApiClient(client, UrlOf(ServiceContract.Api), secrets.BootstrapApiKey, LogOf(ServiceContract.Api), time);
        var world = new WorldClient(client, UrlOf(ServiceContract.Simulator), LogOf(ServiceContract.Simulator), time);
        var sources = options.Sources
            ? new SandboxSources(
                new SourcesClient(client, UrlOf(ServiceContract.Api), secrets.BootstrapApiKey, LogOf(ServiceContract.Api), time), api, world, time, output)
            : null;
        var run = new SandboxRun(api, world, options, time, output, Restarts, sources);
        return await run.RunAsync(cancellation).ConfigureAwait(false) ? Succeeded : ChecksFailed;
    }

    private List<ServiceRestarts> Restarts()
    {
        var all = services.ConvertAll(service => new ServiceRestarts(service.Name, service.Restarts));
        if (servers?.RedisRestarts is { } redis)
        {
            all.Add(redis);
        }

        return all;
    }

    private ServiceEnvironment Environment(LocalServers servers, LocalSecrets secrets, DataFolder data)
    {
        var urls = ServiceContract.Services.ToDictionary(
            service => service.Resource,
            service => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{PortOf(service)}"));
        return new ServiceEnvironment(servers.Postgres, servers.Redis, secrets, urls, options.Sandbox, data.Folder);
    }

    private int PortOf(Service service)
    {
        if (service != ServiceContract.Api)
        {
            return LoopbackPorts.Free();
        }

        // A port that was asked for is used or refused by the API itself; nothing else is put in its place.
        return options.ApiPort ?? LoopbackPorts.Prefer(PreferredApiPort);
    }

    private async Task MigrateAsync(ServiceEnvironment environment, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(MigrationLimit);
        var log = folder!.NewLog("migrate");
        using var process = OwnedProcess.Start(
            ServicePrograms.CommandLine(ServiceContract.Api, ServiceContract.MigrateVerb), log, environment.Of(ServiceContract.Api));
        try
        {
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            cancellation.ThrowIfCancellationRequested();
            throw new StartFailedException($"The migrations did not end within {MigrationLimit.TotalMinutes:0} minutes. Their log: {log}");
        }

        if (process.ExitCode != 0)
        {
            throw new StartFailedException(
                string.Create(CultureInfo.InvariantCulture, $"The migrations failed (code {process.ExitCode}). Their log ({log}) ends:")
                + System.Environment.NewLine + process.LastOutput());
        }
    }

    private string UrlOf(Service service) => services.Single(process => process.Name == service.Resource).Url;

    private string LogOf(Service service) => services.Single(process => process.Name == service.Resource).LogFile;

    private string Seconds(long since) => string.Create(CultureInfo.InvariantCulture, $"{time.GetElapsedTime(since).TotalSeconds:0.0} s");

    private void Say(string line) => output.WriteLine(line);
}
