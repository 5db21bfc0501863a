namespace SyncFlow.AppHost.Servers;

/// <summary>A server program this machine lacks. The message says what to install and which variable to set instead.</summary>
internal sealed class ServerNotFoundException(string message) : Exception(message);
