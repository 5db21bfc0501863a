using System.Collections.Immutable;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core.Faults;
using SyncFlow.Core.Publishing;
using SyncFlow.Worker.Connections;

namespace SyncFlow.Worker.Publishing;

/// <summary>How a push ended.</summary>
/// <param name="Answers">Per element; null when the answer is lost for good and the push stays in flight.</param>
/// <param name="Fault">Why the call failed as a whole.</param>
internal sealed record SendResult(Push Push, ImmutableArray<ElementAnswer>? Answers, ChannelFault? Fault);

/// <summary>
/// Sends stored pushes and settles what comes back. A call that surely did nothing leaves its levels free for the next
/// plan; a lost answer stays in flight, and is asked for again only where the shop is proven to keep keys (rule R8).
/// </summary>
internal sealed class PushSender(
    PushTransactions transactions, Activations activations, Suspension suspension, TimeProvider time, ILogger<PushSender> logger)
{
    /// <summary>Sends for the first time.</summary>
    public Task<SendResult> SendAsync(ChannelLink link, PlannedPush planned, long epoch, CancellationToken ct) =>
        SendAsync(link, planned, epoch, replays: 0, ct);

    /// <summary>
    /// Asks again for the answer of a push that another holder of the lease left behind. It may never have been sent:
    /// then it is carried out now, once. The shop must be proven to keep keys.
    /// </summary>
    public async Task<SendResult?> TakeOverAsync(ChannelLink link, PlannedPush planned, long epoch, CancellationToken ct) =>
        await transactions.ExtendAsync(link.Tenant, planned.Push, epoch, ct).ConfigureAwait(false)
            ? await SendAsync(link, planned, epoch, replays: 1, ct).ConfigureAwait(false)
            : null;

    private async Task<SendResult> SendAsync(ChannelLink link, PlannedPush planned, long epoch, int replays, CancellationToken ct)
    {
        var push = planned.Push;
        using var activity = WorkerMeter.Activities.StartActivity("push");
        activity?.SetTag("syncflow.push", push.Id);
        activity?.SetTag("syncflow.levels", push.Elements.Length);
        var sentAt = time.GetUtcNow();
        while (true)
        {
            // What is on its way is waited for even when the worker stops: the client's own limit ends it.
            var answer = await link.Client.SendSetAsync(push.Id, planned.Body, push, CancellationToken.None).ConfigureAwait(false);
            WorkerMeter.Call("set", answer.Fault?.Kind.ToString() ?? "ok");
            if (answer.Fault is { Kind: ChannelFaultKind.Unknown } lost
                && link.Connection.Deduplicates && replays < RetrySchedule.LostAnswer.Times)
            {
                Log.PushFault(logger, link.Tenant.Value, link.Id.Value, push.Id, lost.Code, lost.Message);
                replays++;
                await Task.Delay(RetrySchedule.LostAnswer.After(replays), time, ct).ConfigureAwait(false);
                if (await transactions.ExtendAsync(link.Tenant, push, epoch, ct).ConfigureAwait(false))
                {
                    continue;
                }
            }

            return await SettleAsync(link, push, answer, sentAt, epoch, sentBefore: replays > 0).ConfigureAwait(false);
        }
    }

    private async Task<SendResult> SettleAsync(
        ChannelLink link, Push push, ChannelResult<ImmutableArray<ElementAnswer>> answer, DateTimeOffset sentAt, long epoch,
        bool sentBefore)
    {
        // A true answer is stored although the worker may be stopping meanwhile.
        var ct = CancellationToken.None;
        WorkerMeter.Pushes.Add(1, new KeyValuePair<string, object?>("outcome", answer.Fault?.Kind.ToString() ?? "answered"));
        if (answer.Fault is not { } fault)
        {
            var told = await activations.AnswerAsync(link, push, answer.Value, ct).ConfigureAwait(false);
            await transactions.SettleAsync(link.Tenant, push, told, null, sentAt, epoch, ct).ConfigureAwait(false);
            return new SendResult(push, told, null);
        }

        Log.PushFault(logger, link.Tenant.Value, link.Id.Value, push.Id, fault.Code, fault.Message);
        var text = $"{fault.Code}: {fault.Message}";
        if (sentBefore && fault.Kind != ChannelFaultKind.Unknown)
        {
            await suspension.HandleAsync(link.Tenant, link.Id, "set", fault, ct).ConfigureAwait(false);
        }

        // That a repeated request was refused says nothing of the one before it, which may have arrived or may yet.
        if (sentBefore || fault.Kind == ChannelFaultKind.Unknown)
        {
            var lost = PushTransactions.All(push, ElementOutcome.Unknown, fault.Code);
            await transactions.SettleAsync(link.Tenant, push, lost, text, sentAt, epoch, ct).ConfigureAwait(false);
            return new SendResult(push, null, fault);
        }

        // A refused request is treated like one refused for an element nobody named: the element at fault is looked for.
        var wrong = fault.Kind == ChannelFaultKind.Rejected;
        var answers = wrong && push.Elements.Length == 1
            ? PushTransactions.All(push, ElementOutcome.Blocked, fault.Code)
            : PushTransactions.All(push, ElementOutcome.NotSent, wrong ? BatchSplitter.UnindexedPrefix + fault.Code : fault.Code);
        await suspension.HandleAsync(link.Tenant, link.Id, "set", fault, ct).ConfigureAwait(false);
        await transactions.SettleAsync(link.Tenant, push, answers, text, sentAt, epoch, ct).ConfigureAwait(false);
        return new SendResult(push, answers, fault);
    }
}
