namespace SyncFlow.Worker;

/// <summary>Entry point of the Worker process.</summary>
public static class Program
{
    public static async Task<int> Main(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        await using var app = WorkerHost.Build(args);
        await app.RunAsync().ConfigureAwait(false);
        return 0;
    }
}
