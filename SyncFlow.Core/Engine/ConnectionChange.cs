namespace SyncFlow.Core.Engine;

/// <summary>A connection's state changed because of a fact.</summary>
public sealed record ConnectionChange(ConnectionId Connection, ConnectionStatus Status, string Reason);
