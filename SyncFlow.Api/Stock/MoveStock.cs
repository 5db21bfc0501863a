using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.Api.Webhooks;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Inbox;

namespace SyncFlow.Api.Stock;

/// <summary>
/// Tells SyncFlow that units were received, lost or miscounted. The movement is stored like any event before it is
/// answered, and applied by the worker: the same key moves stock once, however often it is sent.
/// </summary>
internal sealed class MoveStock : IEndpoint
{
    /// <summary>The inbox kind that the worker knows movements by.</summary>
    public const string Content = "movement";

    private const int LongestKey = 200;

    private const int LongestReason = 500;

    /// <summary>More units in one movement are a slip of the keyboard.</summary>
    private const int MostUnits = 10_000_000;

    private static readonly TimeSpan OutcomeLimit = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(25);

    /// <param name="Sku">Code of the SKU.</param>
    /// <param name="Location">Code of the location.</param>
    /// <param name="Kind"><c>receipt</c>, <c>adjustment</c> or <c>write-off</c>.</param>
    /// <param name="Units">Units received or written off, above zero; for an adjustment the difference, not zero.</param>
    /// <param name="Reason">For people; kept in the audit log.</param>
    /// <param name="Key">Names the movement for ever, for example the id of the delivery note's line.</param>
    internal sealed record Request(string? Sku, string? Location, string? Kind, int? Units, string? Reason, string? Key);

    /// <param name="EventId">The event that carries it.</param>
    /// <param name="Status"><c>pending</c>, <c>done</c>, <c>dead</c> or <c>ignored</c>.</param>
    /// <param name="Outcome">What became of it, once it is done.</param>
    internal sealed record Answer(long EventId, string Status, FactOutcome? Outcome, string? Error);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/stock-movements", HandleAsync)
        .WithName("MoveStock").WithTags("Stock")
        .WithSummary("Records a receipt, an adjustment or a write-off; with wait=true the outcome is waited for, 2 s at most.");

    private static async Task<Results<Accepted<Answer>, Ok<Answer>, Refused>> HandleAsync(
        Request request, bool? wait, Caller caller, SkuDesk skus, LocationDesk locations, Work work, CancellationToken ct)
    {
        var check = new Check()
            .Text(request.Sku, "sku", SkuCode.Longest)
            .Text(request.Location, "location", Locations.CreateLocation.LongestCode)
            .That(request.Kind is "receipt" or "adjustment" or "write-off", "kind", "One of: receipt, adjustment, write-off.")
            .That(request.Units is not null and not 0, "units", "A number other than zero is needed.")
            .That(request.Units is null || Math.Abs((long)request.Units.Value) <= MostUnits, "units", $"At most {MostUnits} units.")
            .That(request.Kind == "adjustment" || request.Units is null or >= 0, "units", "Above zero; only an adjustment may be negative.")
            .Text(request.Reason, "reason", LongestReason)
            .Text(request.Key, "key", LongestKey);
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var sku = await skus.FindAsync(caller.Tenant, request.Sku!, ct).ConfigureAwait(false);
        var location = await locations.FindAsync(caller.Tenant, request.Location!.Trim(), ct).ConfigureAwait(false);
        check.That(sku is not null, "sku", "There is no such SKU.").That(location is not null, "location", "There is no location with this code.");
        if (check.Failed(out refused))
        {
            return refused;
        }

        var (reason, delta) = request.Kind switch
        {
            "receipt" => (EntryReason.Receipt, request.Units!.Value),
            "write-off" => (EntryReason.WriteOff, -request.Units!.Value),
            _ => (EntryReason.Adjustment, request.Units!.Value),
        };
        var movement = new MovementBody("movement:" + request.Key!.Trim(), sku!.Id, location!.Id, Bucket.OnHand, delta, reason, work.Now);
        if (await work.StoreAsync(movement, request.Reason!, ct).ConfigureAwait(false) is not { } stored)
        {
            return (Refused)new Problem(ProblemKind.AlreadyExists, "This key was used for another movement.");
        }

        var answer = wait == true ? await work.WaitAsync(stored, movement.Key, ct).ConfigureAwait(false) : Work.Describe(stored);
        return answer.Status == "pending" ? TypedResults.Accepted((string?)null, answer) : TypedResults.Ok(answer);
    }

    internal sealed class Work(
        Caller caller, MovementDesk desk, GroupCommitInbox<InboxEvent> inbox, WakeUps wakeUps, TimeProvider time)
    {
        public DateTimeOffset Now => time.GetUtcNow();

        /// <summary>Stores a movement once; null where its key was used for another one.</summary>
        public async Task<MovementEvent?> StoreAsync(MovementBody movement, string why, CancellationToken ct)
        {
            var known = await desk.FindAsync(caller.Tenant, movement.Key, ct).ConfigureAwait(false);
            if (known is null)
            {
                await inbox.StoreAsync(new InboxEvent(
                    new TenantId(caller.Tenant), null, Content, movement.Key, null, movement.OccurredAt, Now, null, Content,
                    movement.Write())).ConfigureAwait(false);
                await desk.NoteAsync(caller.Tenant, caller.Name, movement.Key, why, ct).ConfigureAwait(false);
                _ = wakeUps.PublishAsync(WakeUpKind.Inbox, caller.Tenant);
                known = await desk.FindAsync(caller.Tenant, movement.Key, ct).ConfigureAwait(false)
                    ?? throw new InvalidOperationException("A stored movement is not in the inbox.");
            }

            return known.Body with { OccurredAt = movement.OccurredAt } == movement ? known : null;
        }

        /// <summary>What became of it within the limit.</summary>
        public async Task<Answer> WaitAsync(MovementEvent stored, string key, CancellationToken ct)
        {
            var start = time.GetTimestamp();
            while (stored.State == 0 && time.GetElapsedTime(start) < OutcomeLimit)
            {
                await Task.Delay(LookEvery, time, ct).ConfigureAwait(false);
                stored = await desk.FindAsync(caller.Tenant, key, ct).ConfigureAwait(false) ?? stored;
            }

            return Describe(stored);
        }

        public static Answer Describe(MovementEvent stored)
        {
            var status = stored.State switch { 0 => "pending", 1 => "done", 2 => "dead", _ => "ignored" };
            return new(stored.EventId, status, stored.Outcome, stored.Error);
        }
    }
}
