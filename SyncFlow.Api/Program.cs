namespace SyncFlow.Api;

/// <summary>Entry point of the Api process.</summary>
public static class Program
{
    public static Task<int> Main(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        return Task.FromResult(0);
    }
}
