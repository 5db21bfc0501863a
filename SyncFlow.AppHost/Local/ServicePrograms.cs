namespace SyncFlow.AppHost.Local;

/// <summary>Finds the services' built programs: beside AppHost's own output, in the same configuration.</summary>
internal static class ServicePrograms
{
    /// <summary>
    /// The checkout AppHost was built in: the nearest folder above its program that holds the solution; where there is
    /// none (a published AppHost), the current folder.
    /// </summary>
    public static string Checkout(string? from = null)
    {
        for (var folder = new DirectoryInfo(from ?? AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SyncFlow.sln")))
            {
                return folder.FullName;
            }
        }

        return Directory.GetCurrentDirectory();
    }

    /// <summary>The command line that runs a service.</summary>
    /// <exception cref="StartFailedException">It was not built.</exception>
    public static string[] CommandLine(Service service, params string[] arguments)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory); // .../SyncFlow.AppHost/bin/Debug/net10.0
        var framework = own.Name;
        var configuration = own.Parent?.Name ?? "";
        string[] places =
        [
            Path.Combine(Checkout(), service.Project, "bin", configuration, framework, service.Project + ".dll"),
            Path.Combine(own.FullName, service.Project + ".dll"), // Published together.
        ];
        var program = places.FirstOrDefault(File.Exists)
            ?? throw new StartFailedException($"{service.Project} is not built: {places[0]} is missing. Build SyncFlow.sln first.");
        return [Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", program, .. arguments];
    }
}
