using SyncFlow.Core;
using SyncFlow.Core.Engine;

namespace SyncFlow.Storage.Inbox;

/// <summary>What arrived, as it is to be stored.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Connection">From which connection; null for what SyncFlow's own API was told.</param>
/// <param name="Topic">The sender's own topic, or how we came by it (<c>fetch</c>, <c>import</c>).</param>
/// <param name="WebhookId">Names the event; the same name of a connection on the same day is stored once.</param>
/// <param name="CorrelationId">The sender's own id of the cause, or a trace id.</param>
/// <param name="TriggeredAt">When the sender says it happened, or when we asked.</param>
/// <param name="ReceivedAt">When it reached us.</param>
/// <param name="ApiVersion">The version of the sender's format, if it said so.</param>
/// <param name="Content">What the body is, for example <c>shopify.webhook</c>.</param>
/// <param name="Body">As received.</param>
public sealed record InboxEvent(
    TenantId Tenant,
    ConnectionId? Connection,
    string Topic,
    string WebhookId,
    string? CorrelationId,
    DateTimeOffset TriggeredAt,
    DateTimeOffset ReceivedAt,
    string? ApiVersion,
    string Content,
    ReadOnlyMemory<byte> Body);

/// <summary>Names a stored event: its number, and the day whose partition holds it.</summary>
public readonly record struct InboxKey(long EventId, DateOnly Day);

/// <summary>A stored event that the caller's transaction has claimed.</summary>
/// <param name="Attempts">How often applying it has failed.</param>
public sealed record InboxItem(
    InboxKey Key,
    ConnectionId? Connection,
    string Topic,
    string WebhookId,
    string? CorrelationId,
    DateTimeOffset TriggeredAt,
    DateTimeOffset ReceivedAt,
    string? ApiVersion,
    string Content,
    ReadOnlyMemory<byte> Body,
    int Attempts);

/// <summary>Where an event stands. The numbers are stored; they never change meaning.</summary>
public enum InboxState : short
{
    /// <summary>To be applied.</summary>
    Pending = 0,

    /// <summary>Applied.</summary>
    Done = 1,

    /// <summary>Given up on: a dead letter, with its reason.</summary>
    Dead = 2,

    /// <summary>Nothing to do for us (an unknown topic), or discarded by a person.</summary>
    Ignored = 3,
}

/// <summary>What became of a claimed event.</summary>
/// <param name="Outcome">What became of its last fact, if it had any.</param>
/// <param name="Reason">Why it is dead or ignored.</param>
public sealed record InboxMark(InboxKey Key, InboxState State, FactOutcome? Outcome, string? Reason);

/// <summary>A dead letter, without its body.</summary>
public sealed record DeadLetter(
    InboxKey Key, ConnectionId? Connection, string Topic, string WebhookId, string Content, DateTimeOffset ReceivedAt,
    int Attempts, string? Error);
