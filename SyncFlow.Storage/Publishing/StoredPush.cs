using SyncFlow.Core.Publishing;

namespace SyncFlow.Storage.Publishing;

/// <summary>Where a push stands. The numbers are stored; they never change meaning.</summary>
public enum PushState : short
{
    /// <summary>Stored, and about to be sent, or sent: no answer yet. (0, stored apart from sending, is not written.)</summary>
    Sent = 1,

    /// <summary>Every element has its answer.</summary>
    Settled = 2,

    /// <summary>The answer was lost; a reading after the deadline, or a replay where that is proven, settles it.</summary>
    Unknown = 3,
}

/// <summary>A push as stored before it was sent.</summary>
/// <param name="Body">The request's variables exactly as they were, or will be, sent.</param>
/// <param name="Epoch">The lease under which it was planned.</param>
/// <param name="SentAt">When its call began, where that is known: an answer, or the loss of one, tells it.</param>
public sealed record StoredPush(Push Push, string Body, long Epoch, PushState State, DateTimeOffset? SentAt);

/// <summary>The lease on a connection is no longer held under this epoch: what was about to be written must not be.</summary>
public sealed class LeaseLostException(string message) : Exception(message);
