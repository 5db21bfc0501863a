namespace SyncFlow.AppHost.Sandbox;

/// <summary>A step of the sandbox failed. The message says which, what the service answered, and where its log is.</summary>
internal sealed class SandboxStepException(string message) : Exception(message);
