using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.StockOperations;
using SyncFlow.Core.Operations;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.Counts;

/// <summary>Counts that hold as they are; a count sheet lets a person look at large variances first.</summary>
internal sealed class TakeInCounts : IEndpoint
{
    internal sealed record Request(IReadOnlyList<CountInput>? Items);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/counts", HandleAsync)
        .WithName("TakeInCounts").WithTags("Counts").Needs(Permission.StockWrite)
        .WithSummary("Takes in counts, each as of its own time; with wait=true their booking is waited for, 2 s at most.");

    private static Task<Results<Ok<BatchAnswer>, Accepted<BatchAnswer>, Refused>> HandleAsync(
        Request request, bool? wait, OperationIntake intake, CancellationToken ct) => intake.AnswerAsync(request.Items, wait, ct);
}

/// <summary>Counts as they are booked.</summary>
internal sealed class ListCounts : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/counts", HandleAsync)
        .WithName("ListCounts").WithTags("Counts").Needs(Permission.StockRead)
        .WithSummary("Lists counts with their variance as it is known now, by SKU, location and as-of time.");

    private static async Task<Results<Ok<Page<CountView>>, Refused>> HandleAsync(
        string? sku, string? location, DateTimeOffset? since, DateTimeOffset? until, [AsParameters] PageQuery page, Caller caller,
        CountDesk desk, OperationDesk operations, CancellationToken ct)
    {
        var codes = await operations.CodesAsync(caller.Tenant, sku is null ? [] : [sku], location is null ? [] : [location], ct).ConfigureAwait(false);
        var check = new Check()
            .That(sku is null || codes.Sku(sku) is not null, "sku", "There is no such SKU.")
            .That(location is null || codes.Location(location) is not null, "location", "There is no location with this code.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var filter = new CountFilter(codes.Sku(sku), codes.Location(location), since, until);
        var items = await desk.ListAsync(caller.Tenant, filter, After(page), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => string.Create(CultureInfo.InvariantCulture, $"{item.AsOf.UtcTicks} {item.Key}")));
    }

    private static (DateTimeOffset, string)? After(PageQuery page)
    {
        if (page.AfterText() is not { } text)
        {
            return null;
        }

        var gap = text.IndexOf(' ', StringComparison.Ordinal);
        return gap > 0 && long.TryParse(text.AsSpan(0, gap), NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            && ticks <= DateTimeOffset.MaxValue.Ticks
            ? (new DateTimeOffset(ticks, TimeSpan.Zero), text[(gap + 1)..])
            : throw new RequestRefusedException(Problem.Invalid("cursor", "Not a cursor of this list; take it from 'next' of the page before."));
    }
}

/// <summary>Takes a count back: stock is then as if it had never been.</summary>
internal sealed class WithdrawCount : IEndpoint
{
    /// <param name="Key">The key under which the count was taken in.</param>
    internal sealed record Request(string? Key, string? Note);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/counts/withdraw", HandleAsync)
        .WithName("WithdrawCount").WithTags("Counts").Needs(Permission.StockWrite)
        .WithSummary("Takes a count back, as if it had never been.");

    private static async Task<Results<Ok<ItemAnswer>, Refused>> HandleAsync(
        Request request, bool? wait, Caller caller, OperationIntake intake, OperationDesk desk, CancellationToken ct)
    {
        var check = new Check().Text(request.Key, "key", OperationInput.LongestKey).Optional(request.Note, "note", OperationInput.LongestNote);
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var count = CountInput.KeyPrefix + request.Key!.Trim();
        if (await desk.FindDraftAsync(caller.Tenant, count, ct).ConfigureAwait(false) is not { } draft)
        {
            return (Refused)Problem.NotFound("count", request.Key);
        }

        var withdrawal = draft with { Key = count + ":withdrawn", Kind = OperationKind.CountWithdrawal, Note = request.Note };
        var answer = await intake.TakeInAsync(
            [new CheckedItem(request.Key, OperationEvents.OfWithdrawal(withdrawal, count), new Check())], wait == true, ct).ConfigureAwait(false);
        return TypedResults.Ok(answer.Items[0]);
    }
}
