using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Requests;

namespace SyncFlow.Api.Reservations;

/// <summary>
/// Reserves units of one or more SKUs: all lines or none. What no channel may still sell is granted at once (201);
/// what channels still show is waited for (202) unless the caller will not; what does not exist is refused (409) with
/// what there is for each line.
/// </summary>
internal sealed class Reserve : IEndpoint
{
    public const int LongestReference = 200;

    private const int LongestPartner = 200;

    /// <summary>More units in one line are a slip of the keyboard.</summary>
    private const int MostUnits = 10_000_000;

    /// <param name="Reference">
    /// Names the reservation for ever; an order that carries it takes the units over. The idempotency key when left out.
    /// </param>
    /// <param name="Kind"><c>hold</c> (when left out) or <c>programme</c>.</param>
    /// <param name="Partner">Whose programme.</param>
    /// <param name="ExpiresAt">When a hold ends, at most 30 days ahead; a programme has none.</param>
    /// <param name="Wait">Whether it may wait for units that channels still show; true when left out.</param>
    internal sealed record Request(
        string? Reference, ReservationKind? Kind, string? Partner, DateTimeOffset? ExpiresAt, bool? Wait, IReadOnlyList<Line>? Lines);

    /// <param name="Sku">Code of the SKU.</param>
    /// <param name="Units">Above zero.</param>
    /// <param name="Location">Code of the only place it may come from; anywhere when left out.</param>
    internal sealed record Line(string? Sku, int? Units, string? Location);

    /// <summary>What a line asked for and what there is.</summary>
    /// <param name="Available">Could be had at once.</param>
    /// <param name="Obtainable">Could be had by waiting for channels to give units up.</param>
    internal sealed record Offer(int Line, string Sku, string? Location, int Units, int Available, int Obtainable);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/reservations", HandleAsync)
        .WithName("Reserve").WithTags("Reservations").Needs(Permission.ReservationsWrite)
        .WithSummary("Reserves units of one or more SKUs: all lines or none.");

    private static async Task<Results<Created<ReservationView>, Accepted<ReservationView>, Ok<ReservationView>, Refused>> HandleAsync(
        Request request, HttpRequest http, Caller caller, ReservationDesk desk, ReservationStore store, WakeUps wakeUps, CancellationToken ct)
    {
        var key = http.Headers[IdempotencyKeys.Header].ToString();
        var reference = request.Reference?.Trim() ?? (key.Length > 0 ? key : null);
        var check = Shape(request, reference);
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var (wish, unknown) = await ResolveAsync(request, reference!, caller, desk, ct).ConfigureAwait(false);
        if (unknown.Failed(out refused))
        {
            return refused;
        }

        var answer = await store.AskAsync(new TenantId(caller.Tenant), wish, ct).ConfigureAwait(false);
        if (answer.Result is ReservationResult.Done or ReservationResult.Waiting)
        {
            _ = wakeUps.PublishAsync(WakeUpKind.Levels, caller.Tenant);
            _ = wakeUps.PublishAsync(WakeUpKind.Changes, caller.Tenant);
        }

        var address = string.Create(CultureInfo.InvariantCulture, $"/api/v1/reservations/{answer.Reservation?.Id}");
        return answer.Result switch
        {
            ReservationResult.Done => TypedResults.Created(address, answer.Reservation),
            ReservationResult.Waiting => TypedResults.Accepted(address, answer.Reservation),
            ReservationResult.Known => TypedResults.Ok(answer.Reservation),
            ReservationResult.NotAvailable => (Refused)NotAvailable(request, answer),
            _ => ReservationProblems.Of(answer),
        };
    }

    private static Check Shape(Request request, string? reference)
    {
        var programme = request.Kind == ReservationKind.Programme;
        var lines = request.Lines ?? [];
        var check = new Check()
            .Text(reference, "reference", LongestReference)
            .That(!programme || !string.IsNullOrWhiteSpace(request.Partner), "partner", "A programme names its partner.")
            .That(programme || request.Partner is null, "partner", "Only a programme has a partner.")
            .That(request.Partner is null || request.Partner.Length <= LongestPartner, "partner", $"At most {LongestPartner} characters.")
            .That(programme || request.ExpiresAt is not null, "expiresAt", "A hold needs the moment when it ends.")
            .That(!programme || request.ExpiresAt is null, "expiresAt", "A programme has no expiry; release it.")
            .That(lines.Count is > 0 and <= ReservationStore.MostLines, "lines", $"1 to {ReservationStore.MostLines} lines.");
        for (var i = 0; i < Math.Min(lines.Count, ReservationStore.MostLines); i++)
        {
            check.Text(lines[i].Sku, $"lines[{i}].sku", SkuCode.Longest)
                .That(lines[i].Units is > 0 and <= MostUnits, $"lines[{i}].units", $"A number from 1 to {MostUnits}.")
                .That(lines[i].Location is null || !string.IsNullOrWhiteSpace(lines[i].Location), $"lines[{i}].location", "A code, or leave it out.");
        }

        return check;
    }

    private static async Task<(ReservationWish Wish, Check Unknown)> ResolveAsync(
        Request request, string reference, Caller caller, ReservationDesk desk, CancellationToken ct)
    {
        var lines = request.Lines!;
        var skus = await desk.SkusAsync(caller.Tenant, lines.Select(l => l.Sku!), ct).ConfigureAwait(false);
        var locations = await desk.LocationsAsync(
            caller.Tenant, lines.Where(l => l.Location is not null).Select(l => l.Location!.Trim()), ct).ConfigureAwait(false);
        var unknown = new Check();
        var wanted = new List<ReservationWishLine>(lines.Count);
        for (var i = 0; i < lines.Count; i++)
        {
            var known = skus.TryGetValue(SkuDesk.KeyOf(lines[i].Sku!), out var sku);
            LocationId? location = lines[i].Location is { } code && locations.TryGetValue(code.Trim(), out var place) ? place : null;
            unknown.That(known, $"lines[{i}].sku", "There is no such SKU.")
                .That(lines[i].Location is null || location is not null, $"lines[{i}].location", "There is no location with this code.");
            wanted.Add(new ReservationWishLine(sku, lines[i].Units!.Value, location));
        }

        return (
            new ReservationWish(
                reference, request.Kind ?? ReservationKind.Hold, request.Partner?.Trim(), request.ExpiresAt, request.Wait ?? true,
                caller.Name, wanted),
            unknown);
    }

    private static Problem NotAvailable(Request request, ReservationAnswer answer)
    {
        var offers = answer.Offers.Select(o => new Offer(
            o.Number, request.Lines![o.Number - 1].Sku!.Trim(), request.Lines[o.Number - 1].Location, o.Units, Math.Max(0, o.Free),
            Math.Max(0, o.Obtainable))).ToList();
        var lacking = offers.First(o => o.Obtainable < o.Units || request.Wait == false && o.Available < o.Units);
        return new Problem(
            ProblemKind.NotAvailable,
            $"lines[{lacking.Line - 1}] asks for {lacking.Units} of {lacking.Sku}; {lacking.Available} are free, {lacking.Obtainable} could be had by waiting. Nothing was reserved.")
        {
            More = new Dictionary<string, object> { ["lines"] = offers },
        };
    }
}
