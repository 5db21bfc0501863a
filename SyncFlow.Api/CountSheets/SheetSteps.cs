using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.StockOperations;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.CountSheets;

/// <summary>Enters what was counted.</summary>
internal sealed class EnterSheetLines : IEndpoint
{
    /// <param name="Counted">Units that were there.</param>
    /// <param name="AsOf">When they were counted; now when left out.</param>
    internal sealed record Line(string? Sku, decimal? Counted, DateTimeOffset? AsOf);

    internal sealed record Request(IReadOnlyList<Line>? Lines);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/count-sheets/{id:long}/lines", HandleAsync)
        .WithName("EnterCountSheetLines").WithTags("Counts").Needs(Permission.StockWrite)
        .WithSummary("Enters what was counted, up to 1,000 lines in a call; entering again replaces.");

    private static async Task<Results<Ok<SheetView>, Refused>> HandleAsync(
        long id, Request request, Caller caller, SheetWork work, OperationDesk operations, CancellationToken ct)
    {
        var lines = request.Lines ?? [];
        var codes = await operations.CodesAsync(caller.Tenant, lines.Select(line => line.Sku).OfType<string>(), [], ct).ConfigureAwait(false);
        var check = new Check()
            .That(lines.Count > 0, "lines", "At least one line.")
            .That(lines.Count <= OperationIntake.MostItems, "lines", $"At most {OperationIntake.MostItems} lines.");
        var counted = new List<CountedLine>();
        var seen = new HashSet<long>();
        for (var i = 0; i < Math.Min(lines.Count, OperationIntake.MostItems); i++)
        {
            if (Read(lines[i], $"lines[{i}].", codes, work.Now, seen, check) is { } line)
            {
                counted.Add(line);
            }
        }

        return check.Failed(out var refused) ? refused : await work.EnterAsync(id, counted, ct).ConfigureAwait(false);
    }

    /// <summary>A line after its checks; null where one failed.</summary>
    internal static CountedLine? Read(Line line, string field, CodeBook codes, DateTimeOffset now, HashSet<long> seen, Check check)
    {
        var sku = codes.Sku(line.Sku);
        check.That(!string.IsNullOrWhiteSpace(line.Sku), field + "sku", "A text is needed.")
            .That(string.IsNullOrWhiteSpace(line.Sku) || sku is not null, field + "sku", "There is no such SKU.")
            .That(sku is not { } id || seen.Add(id), field + "sku", "This SKU stands twice.")
            .That(line.AsOf is null || line.AsOf <= now, field + "asOf", "It lies in the future: nobody has counted then.");
        OperationInput.CheckUnits(line.Counted, field + "counted", 0, check);
        return check.Holds ? new CountedLine(sku!.Value, (int)line.Counted!.Value, line.AsOf ?? now) : null;
    }
}

/// <summary>Submits or cancels a sheet.</summary>
internal sealed class StepSheet : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/count-sheets/{id:long}/submit", (long id, SheetWork work, CancellationToken ct) => work.SubmitAsync(id, ct))
            .WithName("SubmitCountSheet").WithTags("Counts").Needs(Permission.StockWrite)
            .WithSummary("Books small variances and puts large ones up for review.");
        routes.MapPost("/count-sheets/{id:long}/cancel", (long id, SheetWork work, CancellationToken ct) => work.CancelAsync(id, ct))
            .WithName("CancelCountSheet").WithTags("Counts").Needs(Permission.StockWrite)
            .WithSummary("Books nothing more of a sheet.");
    }
}

/// <summary>A person's word on large variances.</summary>
internal sealed class ReviewSheet : IEndpoint
{
    /// <param name="Approve">SKUs whose counts are booked.</param>
    /// <param name="Reject">SKUs whose counts are not believed.</param>
    internal sealed record Request(IReadOnlyList<string>? Approve, IReadOnlyList<string>? Reject);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/count-sheets/{id:long}/review", HandleAsync)
        .WithName("ReviewCountSheet").WithTags("Counts").Needs(Permission.CountsReview)
        .WithSummary("Approves or rejects variances that wait for a review.");

    private static async Task<Results<Ok<SheetView>, Refused>> HandleAsync(
        long id, Request request, Caller caller, SheetWork work, OperationDesk operations, CancellationToken ct)
    {
        var (approve, reject) = (request.Approve ?? [], request.Reject ?? []);
        var codes = await operations.CodesAsync(caller.Tenant, approve.Concat(reject), [], ct).ConfigureAwait(false);
        var check = new Check()
            .That(approve.Count + reject.Count > 0, "approve", "Name SKUs to approve or to reject.")
            .That(approve.Count + reject.Count <= OperationIntake.MostItems, "approve", $"At most {OperationIntake.MostItems} SKUs in a call.");
        Known(approve, "approve");
        Known(reject, "reject");
        check.That(!approve.Select(codes.Sku).Intersect(reject.Select(codes.Sku)).Any(), "reject", "A SKU is approved and rejected.");
        return check.Failed(out var refused)
            ? refused
            : await work.ReviewAsync(id, [.. approve.Select(c => codes.Sku(c)!.Value)], [.. reject.Select(c => codes.Sku(c)!.Value)], ct).ConfigureAwait(false);

        void Known(IReadOnlyList<string> skus, string field)
        {
            for (var i = 0; i < skus.Count; i++)
            {
                check.That(codes.Sku(skus[i]) is not null, $"{field}[{i}]", "There is no such SKU.");
            }
        }
    }
}

/// <summary>Changes sheets and answers with the sheet as it is then.</summary>
internal sealed class SheetWork(Caller caller, SheetDesk desk, SheetReader reader, WakeUps wakeUps, TimeProvider time)
{
    public DateTimeOffset Now => time.GetUtcNow();

    public async Task<Results<Ok<SheetView>, Refused>> EnterAsync(long id, IReadOnlyList<CountedLine> lines, CancellationToken ct) =>
        await AnswerAsync(id, await desk.EnterAsync(caller.Tenant, id, lines, ct).ConfigureAwait(false), ct).ConfigureAwait(false);

    public async Task<Results<Ok<SheetView>, Refused>> SubmitAsync(long id, CancellationToken ct) =>
        await AnswerAsync(id, await desk.SubmitAsync(caller.Tenant, caller.Name, id, ct).ConfigureAwait(false), ct).ConfigureAwait(false);

    public async Task<Results<Ok<SheetView>, Refused>> CancelAsync(long id, CancellationToken ct) =>
        await AnswerAsync(id, await desk.CancelAsync(caller.Tenant, id, ct).ConfigureAwait(false), ct).ConfigureAwait(false);

    public async Task<Results<Ok<SheetView>, Refused>> ReviewAsync(
        long id, IReadOnlyCollection<long> approved, IReadOnlyCollection<long> rejected, CancellationToken ct)
    {
        var decided = await desk.ReviewAsync(caller.Tenant, caller.Name, id, approved, rejected, ct).ConfigureAwait(false);
        var change = decided switch { null => SheetChange.NotFound, 0 => SheetChange.WrongState, _ => SheetChange.Done };
        return await AnswerAsync(id, change, ct).ConfigureAwait(false);
    }

    private async Task<Results<Ok<SheetView>, Refused>> AnswerAsync(long id, SheetChange change, CancellationToken ct)
    {
        if (change == SheetChange.NotFound)
        {
            return (Refused)Problem.NotFound("count sheet", id);
        }

        if (change == SheetChange.WrongState)
        {
            return (Refused)new Problem(ProblemKind.StateConflict, "The sheet, or the lines named, are not in a state for this.");
        }

        _ = wakeUps.PublishAsync(WakeUpKind.Inbox, caller.Tenant);
        return TypedResults.Ok((await reader.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false))!);
    }
}
