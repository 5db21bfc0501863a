namespace SyncFlow.AppHost.Servers;

/// <summary>A server, or a command that prepares one, failed. The message ends with what it said.</summary>
internal sealed class ServerFailedException(string message) : Exception(message);
