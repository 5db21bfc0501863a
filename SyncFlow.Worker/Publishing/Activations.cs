using System.Collections.Concurrent;
using System.Collections.Immutable;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core;
using SyncFlow.Core.Faults;
using SyncFlow.Core.Publishing;
using SyncFlow.Worker.Connections;

namespace SyncFlow.Worker.Publishing;

/// <summary>
/// A level that is not stocked is stocked once, and then said again. What it shows after that is not taken on trust: no
/// number goes along, and the next set compares with belief as ever. Where stocking it is refused (a fulfilment service
/// holds the item), or it is not stocked again although it was, it is blocked and wants a person. Shops on newer
/// versions take the set itself.
/// </summary>
internal sealed class Activations(Suspension suspension, TimeProvider time)
{
    /// <summary>Code with which older API versions refuse a pair that is not stocked.</summary>
    private const string NotStocked = "ITEM_NOT_STOCKED_AT_LOCATION";

    /// <summary>Levels stocked by us whose next set has not been acknowledged yet.</summary>
    private readonly ConcurrentDictionary<(TenantId, LevelId), bool> _stocked = new();

    /// <summary>The answers to a push, with those of levels that were not stocked replaced by what came of stocking them.</summary>
    public async Task<ImmutableArray<ElementAnswer>> AnswerAsync(
        ChannelLink link, Push push, ImmutableArray<ElementAnswer> answers, CancellationToken ct)
    {
        var told = answers.ToBuilder();
        for (var i = 0; i < told.Count; i++)
        {
            var answer = told[i];
            if (answer.Outcome == ElementOutcome.Acknowledged)
            {
                _stocked.TryRemove((link.Tenant, answer.Level), out _);
            }
            else if (answer.Code == NotStocked && _stocked.TryAdd((link.Tenant, answer.Level), true))
            {
                told[i] = await StockAsync(link, push.Elements[i], ct).ConfigureAwait(false);
            }
        }

        return told.ToImmutable();
    }

    private async Task<ElementAnswer> StockAsync(ChannelLink link, PushElement element, CancellationToken ct)
    {
        var stocked = await link.Client.ActivateAsync(
            Guid.CreateVersion7(time.GetUtcNow()), new LevelRef(element.ItemRef, element.ExternalLocation), available: null, ct)
            .ConfigureAwait(false);
        WorkerMeter.Call("activate", stocked.Fault?.Kind.ToString() ?? "ok");
        if (stocked.Fault is not { } fault)
        {
            return new ElementAnswer(element.Level, ElementOutcome.NotSent, NotStocked);
        }

        if (fault.Kind == ChannelFaultKind.Rejected)
        {
            return new ElementAnswer(element.Level, ElementOutcome.Blocked, fault.Code);
        }

        await suspension.HandleAsync(link.Tenant, link.Id, "activate", fault, ct).ConfigureAwait(false);
        if (fault.Kind != ChannelFaultKind.Unknown)
        {
            _stocked.TryRemove((link.Tenant, element.Level), out _); // Surely not done, so it was no attempt.
        }

        return new ElementAnswer(element.Level, ElementOutcome.NotSent, fault.Code);
    }
}
