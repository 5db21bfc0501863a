using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Operations;
using SyncFlow.Api.Security;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Brakes;

namespace SyncFlow.Api.Brakes;

/// <summary>
/// Decides on a bulk change: approves or rejects one that waits, takes one back that was done. Each needs the ETag of
/// what was shown, and answers 412 where it is not that any more.
/// </summary>
internal sealed class DecideChange : IEndpoint
{
    private static readonly TimeSpan TakeBackLimit = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <param name="Note">For whoever reads it later.</param>
    internal sealed record Request(string? Note);

    /// <param name="Why">For whoever finds it later.</param>
    internal sealed record UndoRequest(string? Why);

    /// <param name="Moved">Levels that go to other units than were shown, for sales or receipts arrived meanwhile.</param>
    internal sealed record Answer(ChangeView Change, IReadOnlyList<EffectView> Moved);

    private const string Seen = "The ETag of the change, or of the preview of taking it back: nobody decides on what he has not seen.";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/changes/{id:long}/approve", (long id, Request? request, Work work, CancellationToken ct) => work.DecideAsync(id, request, approve: true, ct))
            .WithName("ApproveChange").WithTags("Brakes").Needs(Permission.ChangesMake).NeedsIfMatch(Seen)
            .WithSummary("Does a change that the breaker holds, if it still does what was shown.");
        routes.MapPost("/changes/{id:long}/reject", (long id, Request? request, Work work, CancellationToken ct) => work.DecideAsync(id, request, approve: false, ct))
            .WithName("RejectChange").WithTags("Brakes").Needs(Permission.ChangesMake).NeedsIfMatch(Seen)
            .WithSummary("Gives a change up that the breaker holds: nothing of it was done, and what corrections and counts booked is taken back.");
        routes.MapGet("/changes/{id:long}/undo", (long id, Work work, CancellationToken ct) => work.PreviewUndoAsync(id, ct))
            .WithName("PreviewUndo").WithTags("Brakes").Needs(Permission.ChangesRead)
            .WithSummary("Tells what taking a change back would do, and what stands in the way.");
        routes.MapPost("/changes/{id:long}/undo", (long id, UndoRequest request, Work work, CancellationToken ct) => work.UndoAsync(id, request, ct))
            .WithName("UndoChange").WithTags("Brakes").Needs(Permission.ChangesMake).NeedsIfMatch(Seen)
            .WithSummary("Takes a change back by a change of its own; needs the ETag of the preview.");
    }

    internal sealed class Work(Caller caller, ChangeDesk desk, UndoDesk undo, Runs runs, WakeUps wakeUps, IHttpContextAccessor http, TimeProvider time)
    {
        public async Task<Results<Ok<Answer>, Accepted<RunAccepted>, Refused>> DecideAsync(long id, Request? request, bool approve, CancellationToken ct)
        {
            var note = request?.Note;
            if (new Check().That(note is null || note.Length <= ChangeInput.LongestWhy, "note", $"At most {ChangeInput.LongestWhy} characters.").Failed(out var refused)
                || ChangeTag.Read(http.HttpContext!.Request, id, out refused) is not { } version)
            {
                return refused!;
            }

            if (approve && await LongAsync(RuleStep.Approve, id, version, ChangeState.Waiting, note, ct).ConfigureAwait(false) is { } asked)
            {
                return asked;
            }

            return Answered(id, approve
                ? await desk.ApproveAsync(caller.Tenant, id, version, caller.Name, note, progress: null, ct).ConfigureAwait(false)
                : await RejectAsync(id, version, note, ct).ConfigureAwait(false));
        }

        /// <summary>What was booked is taken back by the worker, within moments as a rule: it is waited for.</summary>
        private async Task<Decision> RejectAsync(long id, int version, string? note, CancellationToken ct)
        {
            var start = time.GetTimestamp();
            while (true)
            {
                var decision = await desk.RejectAsync(caller.Tenant, id, version, caller.Name, note, ct).ConfigureAwait(false);
                if (decision.Outcome != DecisionOutcome.TakingBack || time.GetElapsedTime(start) >= TakeBackLimit)
                {
                    return decision;
                }

                _ = wakeUps.PublishAsync(WakeUpKind.Inbox, caller.Tenant);
                await Task.Delay(LookEvery, time, ct).ConfigureAwait(false);
            }
        }

        public async Task<Results<Ok<UndoPreview>, Refused>> PreviewUndoAsync(long id, CancellationToken ct)
        {
            if (await undo.PreviewAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } preview)
            {
                return (Refused)Problem.NotFound("change", id);
            }

            if (preview.Change.State != ChangeState.Applied)
            {
                return (Refused)WrongState(preview.Change);
            }

            http.HttpContext!.Response.Headers.ETag = ChangeTag.Of(preview.Change);
            return TypedResults.Ok(preview);
        }

        public async Task<Results<Ok<Answer>, Accepted<RunAccepted>, Refused>> UndoAsync(long id, UndoRequest request, CancellationToken ct)
        {
            if (new Check().Text(request.Why, "why", ChangeInput.LongestWhy).Failed(out var refused)
                || ChangeTag.Read(http.HttpContext!.Request, id, out refused) is not { } version)
            {
                return refused!;
            }

            var why = request.Why!.Trim();
            if (await LongAsync(RuleStep.Undo, id, version, ChangeState.Applied, why, ct).ConfigureAwait(false) is { } asked)
            {
                return asked;
            }

            var (decision, blocks) = await undo.UndoAsync(caller.Tenant, id, version, caller.Name, why, progress: null, ct).ConfigureAwait(false);
            return blocks.Count == 0
                ? Answered(id, decision)
                : (Refused)new Problem(ProblemKind.StateConflict, "It cannot be taken back safely: " + string.Join("; ", blocks.Take(20).Select(Words)) + ".");
        }

        private Results<Ok<Answer>, Accepted<RunAccepted>, Refused> Answered(long id, Decision decision)
        {
            switch (decision.Outcome)
            {
                case DecisionOutcome.NoSuchChange:
                    return (Refused)Problem.NotFound("change", id);
                case DecisionOutcome.WrongState:
                    return (Refused)WrongState(decision.Change!);
                case DecisionOutcome.Refused or DecisionOutcome.TakingBack:
                    return (Refused)new Problem(ProblemKind.StateConflict, decision.Against!);
                case DecisionOutcome.NotAsShown:
                    return (Refused)new Problem(ProblemKind.PreconditionFailed, "It does not do what was shown any more: look at it again.");
                default:
                    _ = wakeUps.PublishAsync(WakeUpKind.Inbox, caller.Tenant);
                    _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
                    http.HttpContext!.Response.Headers.ETag = ChangeTag.Of(decision.Change!);
                    return TypedResults.Ok(new Answer(decision.Change!, decision.Moved));
            }
        }

        /// <summary>Asks for a run where a decision on a rule is looked at for very many SKUs; null where it is not, or is refused.</summary>
        private async Task<Results<Ok<Answer>, Accepted<RunAccepted>, Refused>?> LongAsync(
            RuleStep step, long id, int version, ChangeState state, string? why, CancellationToken ct)
        {
            var (refused, reach) = await desk.BeginAsync(caller.Tenant, id, version, state, ct).ConfigureAwait(false);
            if (refused is not null || reach <= RuleDesk.MostAtOnce)
            {
                return null;
            }

            var run = RuleRun.Of(step, id, version, why, caller.Name).Write();
            return (await runs.QueueAsync(null, RuleRun.RunKind, run, ct).ConfigureAwait(false)).Result switch
            {
                Accepted<RunAccepted> begun => begun,
                var reused => (Refused)reused,
            };
        }

        private static Problem WrongState(ChangeView change) => new(
            ProblemKind.StateConflict,
            $"Change {change.Id} is {System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(change.State.ToString())}."
                + (change.UndoneBy is { } by ? $" It was taken back by change {by}; undo that one to have it again." : ""));

        private static string Words(UndoBlockView block) =>
            $"{block.Sku}{(block.Location is null ? "" : $" at {block.Location}")}{(block.Sku.Length == 0 ? "" : ": ")}{block.Reason}{(block.Orders.Count == 0 ? "" : $" (by {string.Join(", ", block.Orders)})")}";
    }
}
