using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Locations;
using SyncFlow.Api.Security;
using SyncFlow.Api.StockOperations;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.Transfers;

/// <summary>Plans a transfer between two locations. Nothing moves, and no unit is claimed, before it is dispatched.</summary>
internal sealed class PlanTransfer : IEndpoint
{
    public const int LongestReference = OperationInput.LongestDocument;

    /// <param name="Reference">Names it for people, once for ever; its operations carry it as their document.</param>
    /// <param name="From">Code of the location it leaves.</param>
    /// <param name="To">Code of the location it goes to.</param>
    internal sealed record Request(string? Reference, string? From, string? To, string? Note, IReadOnlyList<TransferLineInput>? Lines);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/transfers", HandleAsync)
        .WithName("PlanTransfer").WithTags("Transfers").Needs(Permission.StockWrite)
        .WithSummary("Plans a transfer; it claims nothing until it is dispatched.");

    private static async Task<Results<Created<TransferAnswer>, Refused>> HandleAsync(
        Request request, Caller caller, TransferDesk desk, OperationDesk operations, CancellationToken ct)
    {
        var codes = await operations.CodesAsync(
            caller.Tenant, TransferInput.Codes(request.Lines), new[] { request.From, request.To }.OfType<string>(), ct).ConfigureAwait(false);
        var check = new Check().Text(request.Reference, "reference", LongestReference).Optional(request.Note, "note", OperationInput.LongestNote);
        CheckEnds(request.From, request.To, codes, check);
        var lines = TransferInput.Read(request.Lines, codes, check);
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var plan = new TransferPlan(
            request.Reference!.Trim(), codes.Location(request.From)!.Value, codes.Location(request.To)!.Value, request.Note, lines);
        var made = (await desk.PlanAsync(caller.Tenant, caller.Name, [plan], ct).ConfigureAwait(false))[0];
        if (made is not { } id)
        {
            return (Refused)new Problem(ProblemKind.AlreadyExists, $"There is a transfer {plan.Reference}.");
        }

        return TypedResults.Created($"/api/v1/transfers/{id}", await TransferAnswer.ReadAsync(desk, caller.Tenant, id, ct).ConfigureAwait(false));
    }

    /// <summary>Two known locations that differ.</summary>
    public static void CheckEnds(string? from, string? to, CodeBook codes, Check check) => check
        .Text(from, "from", CreateLocation.LongestCode).Text(to, "to", CreateLocation.LongestCode)
        .That(string.IsNullOrWhiteSpace(from) || codes.Location(from) is not null, "from", "There is no location with this code.")
        .That(string.IsNullOrWhiteSpace(to) || codes.Location(to) is not null, "to", "There is no location with this code.")
        .That(codes.Location(from) is null || codes.Location(from) != codes.Location(to), "to", "Another location than it leaves.");
}

/// <summary>A transfer with its lines.</summary>
internal sealed record TransferAnswer(TransferView Transfer, IReadOnlyList<TransferLineView> Lines)
{
    /// <summary>Reads one that is there.</summary>
    public static async Task<TransferAnswer?> ReadAsync(TransferDesk desk, long tenant, long id, CancellationToken ct) =>
        await desk.FindAsync(tenant, id, ct).ConfigureAwait(false) is { } found
            ? new TransferAnswer(found, await desk.LinesAsync(tenant, id, ct).ConfigureAwait(false))
            : null;
}
