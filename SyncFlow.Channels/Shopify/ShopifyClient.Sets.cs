using System.Collections.Immutable;
using System.Text;
using SyncFlow.Core.Faults;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Channels.Shopify;

// Writing levels.
public sealed partial class ShopifyClient
{
    /// <summary>What Shopify counts for a mutation, in points.</summary>
    private const int MutationCost = 10;

    /// <summary>The variables of a push, idempotency key included, as text to be stored before sending.</summary>
    public static string PrepareSetBody(Push push)
    {
        ArgumentNullException.ThrowIfNull(push);
        return push.Kind != PushKind.Set ? ParkBody.Of(push) : SetBody.Of(push.Id.ToString(), push.Elements, SetBody.Reference(push.Id));
    }

    /// <summary>
    /// Sends a prepared set. The first time and every time after a lost answer the same text goes out, so that a shop
    /// that keeps keys applies it once.
    /// </summary>
    /// <param name="key">The push's id.</param>
    /// <param name="preparedBody">As <see cref="PrepareSetBody"/> made it.</param>
    /// <param name="push">The push it was made of.</param>
    /// <returns>
    /// An answer per element, in their order. A fault where nothing is known per element: <c>Unknown</c> when the answer
    /// was lost or the same key is still under way (<c>IDEMPOTENCY_CONCURRENT_REQUEST</c>), <c>Rejected</c> when the
    /// request as a whole is wrong (<c>IDEMPOTENCY_KEY_PARAMETER_MISMATCH</c> among them: an incident).
    /// </returns>
    public Task<ChannelResult<ImmutableArray<ElementAnswer>>> SendSetAsync(
        Guid key, string preparedBody, Push push, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(push);
        ArgumentException.ThrowIfNullOrEmpty(preparedBody);
        return key == push.Id && preparedBody.Contains(key.ToString(), StringComparison.Ordinal)
            ? SendSetAsync(preparedBody, push.Elements, cancel, push.Kind)
            : throw new ArgumentException("the body was prepared for another push", nameof(preparedBody));
    }

    /// <summary>Prepares and sends in one step, for callers that keep no intent.</summary>
    /// <param name="key">Idempotency key, a UUID.</param>
    /// <param name="referenceUri">Shown in the merchant's inventory history; a gid of our own.</param>
    public Task<ChannelResult<ImmutableArray<ElementAnswer>>> SetQuantitiesAsync(
        string key, IReadOnlyList<PushElement> elements, string referenceUri, CancellationToken cancel) =>
        SendSetAsync(SetBody.Of(key, elements, referenceUri), elements, cancel);

    /// <summary>
    /// Finds out whether the shop keeps idempotency keys: a set that changes nothing, then another under the same key
    /// that differs only in its reference. A shop that keeps keys refuses the second.
    /// </summary>
    /// <param name="value">What the level shows now; it is compared with and set.</param>
    public async Task<ChannelResult<IdempotencyProof>> ProbeIdempotencyAsync(
        Guid key, LevelRef level, int value, CancellationToken cancel)
    {
        var element = new PushElement(default, default, 1, level.ItemRef, level.ExternalLocation, value, value, null);
        var first = await SetQuantitiesAsync(key.ToString(), [element], SetBody.Reference(key) + "?probe=1", cancel);
        if (!first.Succeeded)
        {
            return first.Fault;
        }

        if (first.Value[0].Outcome != ElementOutcome.Acknowledged)
        {
            return IdempotencyProof.Inconclusive;
        }

        var second = await SetQuantitiesAsync(key.ToString(), [element], SetBody.Reference(key) + "?probe=2", cancel);
        return second switch
        {
            { Fault.Code: SetAnswers.ParameterMismatch } => IdempotencyProof.Proven,
            { Fault: { } fault } => fault,
            _ => second.Value[0].Outcome == ElementOutcome.Acknowledged ? IdempotencyProof.NotHonoured : IdempotencyProof.Inconclusive,
        };
    }

    private async Task<ChannelResult<ImmutableArray<ElementAnswer>>> SendSetAsync(
        string body, IReadOnlyList<PushElement> elements, CancellationToken cancel, PushKind kind = PushKind.Set)
    {
        var (name, field) = kind switch
        {
            PushKind.Move => ("InventoryMove", "inventoryMoveQuantities"),
            PushKind.Adjust => ("InventoryAdjust", "inventoryAdjustQuantities"),
            _ => ("InventorySet", "inventorySetQuantities"),
        };
        var operation = ShopifyOperation.Named(name);
        var answer = await SendRawAsync(operation, Encoding.UTF8.GetBytes(body), MutationCost, BudgetUse.Publish, cancel);
        if (!answer.Succeeded)
        {
            return answer.Fault;
        }

        using var document = answer.Value;
        return ShopifyFaults.Understand(
            operation, document.RootElement.GetProperty("data"),
            data => SetAnswers.Read(data.GetProperty(field), elements, kind));
    }
}
