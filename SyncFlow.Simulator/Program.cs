namespace SyncFlow.Simulator;

/// <summary>Entry point of the Simulator process.</summary>
public static class Program
{
    public static async Task<int> Main(string[] args)
    {
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
        var options = configuration.GetSection("Simulator").Get<SimulatorOptions>() ?? new SimulatorOptions();
        if (configuration["ASPNETCORE_URLS"] is { Length: > 0 } urls)
        {
            options = options with { Urls = urls };
        }

        await using var host = await SimulatorHost.StartAsync(options, TimeProvider.System);
        Console.WriteLine($"Sandbox listening on {host.BaseAddress}");
        await host.WaitForShutdownAsync();
        return 0;
    }
}
