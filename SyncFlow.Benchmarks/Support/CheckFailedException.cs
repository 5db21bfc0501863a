namespace SyncFlow.Benchmarks.Support;

/// <summary>What was measured did not do its work right, so its figure means nothing.</summary>
internal sealed class CheckFailedException(string message) : Exception(message);
