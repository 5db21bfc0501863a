namespace SyncFlow.Worker;

/// <summary>Entry point of the Worker process.</summary>
public static class Program
{
    public static Task<int> Main(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        return Task.FromResult(0);
    }
}
