using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.StockOperations;
using SyncFlow.Core.Transfers;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.Transfers;

/// <summary>The steps of a transfer: dispatch, receive, close, cancel.</summary>
internal sealed class StepTransfer : IEndpoint
{
    /// <param name="Lines">What left or arrived; a dispatch without lines is of all that was planned.</param>
    /// <param name="OccurredAt">When it happened; now when left out.</param>
    internal sealed record Request(IReadOnlyList<TransferLineInput>? Lines, DateTimeOffset? OccurredAt, string? Note);

    public static void Map(IEndpointRouteBuilder routes)
    {
        Step("dispatch", "DispatchTransfer", "Goods have left: on-hand falls at the origin, and they are on the way.");
        Step("receive", "ReceiveTransfer", "Goods have arrived, all or a part of them.");
        Step("close", "CloseTransfer", "Nothing more will arrive: what is on the way is booked as lost.");
        Step("cancel", "CancelTransfer", "The goods will not leave.");

        void Step(string step, string name, string summary) => routes
            .MapPost("/transfers/{id:long}/" + step, (long id, Request request, Work work, CancellationToken ct) => work.HandleAsync(id, step, request, ct))
            .WithName(name).WithTags("Transfers").Needs(Permission.StockWrite).WithSummary(summary);
    }

    internal sealed class Work(Caller caller, TransferDesk desk, OperationDesk operations, WakeUps wakeUps, TimeProvider time)
    {
        public async Task<Results<Ok<TransferAnswer>, Refused>> HandleAsync(long id, string step, Request request, CancellationToken ct)
        {
            var now = time.GetUtcNow();
            var codes = await operations.CodesAsync(caller.Tenant, TransferInput.Codes(request.Lines), [], ct).ConfigureAwait(false);
            var check = new Check()
                .That(request.OccurredAt is null || request.OccurredAt <= now, "occurredAt", "It lies in the future.")
                .That(request.Lines is null || step is "dispatch" or "receive", "lines", "This step is of the whole transfer.")
                .Optional(request.Note, "note", OperationInput.LongestNote);
            var lines = step == "receive" || (step == "dispatch" && request.Lines is not null)
                ? TransferInput.Read(request.Lines, codes, check, arriving: step == "receive")
                : null;
            if (check.Failed(out var refused))
            {
                return refused;
            }

            var change = new TransferChange(Rule(step, lines), request.OccurredAt ?? now, request.Note);
            var outcome = await desk.StepAsync(caller.Tenant, caller.Name, id, change, ct).ConfigureAwait(false);
            if (outcome is null)
            {
                return (Refused)Problem.NotFound("transfer", id);
            }

            if (outcome.Refusal is { } refusal)
            {
                return (Refused)Of(refusal);
            }

            _ = wakeUps.PublishAsync(WakeUpKind.Inbox, caller.Tenant);
            return TypedResults.Ok((await TransferAnswer.ReadAsync(desk, caller.Tenant, id, ct).ConfigureAwait(false))!);
        }

        private static Func<Transfer, TransferOutcome> Rule(string step, IReadOnlyList<TransferUnits>? lines) => step switch
        {
            "dispatch" => transfer => TransferRules.Dispatch(transfer, lines),
            "receive" => transfer => TransferRules.Receive(transfer, lines!),
            "close" => TransferRules.Close,
            _ => TransferRules.Cancel,
        };

        private static Problem Of(TransferRefusal refusal) => refusal switch
        {
            TransferRefusal.NotPlanned => new(ProblemKind.StateConflict, "Only a planned transfer can be dispatched or cancelled."),
            TransferRefusal.NotUnderWay => new(ProblemKind.StateConflict, "Only a transfer that has left and is not closed can be received or closed."),
            TransferRefusal.NothingMoves => Problem.Invalid("lines", "No unit of it moves."),
            TransferRefusal.TooMany => Problem.Invalid("lines", "The sum of a line leaves the range of numbers."),
            _ => throw new ArgumentOutOfRangeException(nameof(refusal), refusal, "There are no words for this refusal."),
        };
    }
}
