namespace SyncFlow.Benchmarks;

/// <summary>Entry point of the Benchmarks process.</summary>
public static class Program
{
    public static Task<int> Main(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        return Task.FromResult(0);
    }
}
