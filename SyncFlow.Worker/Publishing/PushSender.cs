using System.Collections.Immutable;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core.Faults;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Publishing;
using SyncFlow.Worker.Connections;

namespace SyncFlow.Worker.Publishing;

/// <summary>How a push ended.</summary>
/// <param name="Answers">Per element; null when the answer is lost for good and the push stays in flight.</param>
/// <param name="Fault">Why the call failed as a whole.</param>
internal sealed record SendResult(Push Push, ImmutableArray<ElementAnswer>? Answers, ChannelFault? Fault);

/// <summary>Carries out what <see cref="PushMachine"/> decides about stored pushes.</summary>
internal sealed class PushSender(
    PushTransactions transactions, Activations activations, Suspension suspension, TimeProvider time, ILogger<PushSender> logger)
{
    /// <summary>Sends for the first time.</summary>
    public Task<SendResult> SendAsync(ChannelLink link, PlannedPush planned, ChannelLease lease, CancellationToken ct)
    {
        var first = PushMachine.Step(Sending.Planned(planned.Push, link.Connection.Deduplicates), new SendInput.Due(lease.IsHeld()));
        return RunAsync(link, planned.Body, first, lease, ct);
    }

    /// <summary>Goes on with a push, from what was decided about it until it is settled.</summary>
    /// <param name="body">As it was stored.</param>
    /// <exception cref="LeaseLostException">The lease ended before: who holds it next finds the push as it stands.</exception>
    public async Task<SendResult> RunAsync(
        ChannelLink link, string body, (Sending Sending, SendEffect Effect) step, ChannelLease lease, CancellationToken ct)
    {
        var (sending, effect) = step;
        var push = sending.Push;
        using var activity = WorkerMeter.Activities.StartActivity("push");
        activity?.SetTag("syncflow.push", push.Id);
        activity?.SetTag("syncflow.levels", push.Elements.Length);
        var sentAt = time.GetUtcNow();
        ChannelFault? fault = null;
        while (true)
        {
            SendInput input;
            switch (effect)
            {
                case SendEffect.Send:
                    // What is on its way is waited for even when the worker stops: the client's own limit ends it.
                    var answer = await link.Client.SendSetAsync(push.Id, body, push, CancellationToken.None).ConfigureAwait(false);
                    WorkerMeter.Call("set", answer.Fault?.Kind.ToString() ?? "ok");
                    fault = answer.Fault;
                    input = await HeardAsync(link, push, answer).ConfigureAwait(false);
                    break;
                case SendEffect.Wait wait:
                    await Task.Delay(wait.For, time, ct).ConfigureAwait(false);
                    input = new SendInput.Due(lease.IsHeld());
                    break;
                case SendEffect.Extend:
                    var carried = await transactions.ExtendAsync(link.Tenant, push, lease.Epoch, ct).ConfigureAwait(false);
                    input = new SendInput.Extended(carried, lease.IsHeld());
                    break;
                case SendEffect.Settle settle:
                    return await SettleAsync(link, push, settle.Answers, fault, sentAt, lease).ConfigureAwait(false);
                default:
                    throw new LeaseLostException($"Push {push.Id} is not sent: connection {link.Id.Value} is not leased under epoch {lease.Epoch} any more.");
            }

            (sending, effect) = PushMachine.Step(sending, input);
        }
    }

    /// <summary>What an answer, or that there is none, is to the machine.</summary>
    private async Task<SendInput> HeardAsync(ChannelLink link, Push push, ChannelResult<ImmutableArray<ElementAnswer>> answer)
    {
        // A true answer is made use of although the worker may be stopping meanwhile.
        var ct = CancellationToken.None;
        if (answer.Fault is not { } fault)
        {
            return new SendInput.Answered(await activations.AnswerAsync(link, push, answer.Value, ct).ConfigureAwait(false));
        }

        Log.PushFault(logger, link.Tenant.Value, link.Id.Value, push.Id, fault.Code, fault.Message);
        if (fault.Kind == ChannelFaultKind.Unknown)
        {
            return new SendInput.Lost(fault.Code);
        }

        await suspension.HandleAsync(link.Tenant, link.Id, "set", fault, ct).ConfigureAwait(false);
        var wrong = fault.Kind == ChannelFaultKind.Rejected;
        var code = wrong && push.Elements.Length > 1 ? BatchSplitter.UnindexedPrefix + fault.Code : fault.Code;
        return new SendInput.NotDone(code, wrong, MayRepeat: fault.Kind != ChannelFaultKind.Unauthorized);
    }

    private async Task<SendResult> SettleAsync(
        ChannelLink link, Push push, ImmutableArray<ElementAnswer> answers, ChannelFault? fault, DateTimeOffset sentAt, ChannelLease lease)
    {
        WorkerMeter.Pushes.Add(1, new KeyValuePair<string, object?>("outcome", fault?.Kind.ToString() ?? "answered"));
        var text = fault is null ? null : $"{fault.Code}: {fault.Message}";
        await transactions.SettleAsync(link.Tenant, push, answers, text, sentAt, lease.Epoch, CancellationToken.None).ConfigureAwait(false);
        return new SendResult(push, answers.All(a => a.Outcome == ElementOutcome.Unknown) ? null : answers, fault);
    }
}
