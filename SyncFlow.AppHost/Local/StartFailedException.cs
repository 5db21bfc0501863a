namespace SyncFlow.AppHost.Local;

/// <summary>The run cannot start, or cannot go on. The message is for the person at the terminal.</summary>
internal sealed class StartFailedException(string message) : Exception(message);
