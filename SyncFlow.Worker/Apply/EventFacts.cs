using System.Collections.Immutable;
using SyncFlow.Channels;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Storage.Inbox;

namespace SyncFlow.Worker.Apply;

/// <summary>A claimed event with its meaning, or the reason why it has none.</summary>
/// <param name="Refused">Set when the event has no facts: it is ignored, or dead because it is malformed.</param>
internal sealed record EventFacts(InboxItem Item, ImmutableArray<Fact> Facts, InboxMark? Refused)
{
    /// <summary>What an event means. Whatever is in the body, this returns: what does not parse falls out here.</summary>
    public static EventFacts Of(InboxItem item)
    {
        if (InternalFacts.Handles(item.Content))
        {
            return Of(item, InternalFacts.Normalise(
                item.Content, item.Connection, item.Key.EventId, item.WebhookId, item.TriggeredAt, item.Body));
        }

        return item.Connection is { } connection
            ? Of(item, Normalisers.Normalise(new InboundEvent(
                item.Content, item.Topic, connection, item.Key.EventId, item.WebhookId, item.TriggeredAt, item.Body)))
            : Refuse(item, InboxState.Dead, $"content '{item.Content}' came without a connection");
    }

    /// <summary>The mark of an event whose facts are folded.</summary>
    public InboxMark Done(FactOutcome? outcome) => new(Item.Key, InboxState.Done, outcome, null);

    /// <summary>The mark of an event that has no facts, or whose facts do not count; null for all others.</summary>
    public InboxMark? WithoutFacts(EngineContext context) => Refused ?? NotPermitted(context);

    private InboxMark? NotPermitted(EngineContext context) =>
        Item.Connection is { } connection && context.Channels.TryGetValue(connection, out var channel) && !channel.Permissions.MayRead(Item.Topic)
            ? new InboxMark(Item.Key, InboxState.Ignored, null, $"the store may not be read on '{Item.Topic}'")
            : null;

    private static EventFacts Of(InboxItem item, NormaliseResult result) => result switch
    {
        { MalformedReason: { } reason } => Refuse(item, InboxState.Dead, reason),
        { IgnoredReason: { } reason } => Refuse(item, InboxState.Ignored, reason),
        _ => new EventFacts(item, result.Facts, null),
    };

    private static EventFacts Refuse(InboxItem item, InboxState state, string reason) =>
        new(item, [], new InboxMark(item.Key, state, null, reason));
}
