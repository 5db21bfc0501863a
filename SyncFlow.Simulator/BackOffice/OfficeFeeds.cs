using System.Globalization;

namespace SyncFlow.Simulator.BackOffice;

/// <summary>The systems' APIs, as the Source API has them: <c>/back-office/{system}/movements</c>, <c>positions</c>, <c>pick-tasks</c>.</summary>
internal static class OfficeFeeds
{
    /// <summary>What opens them.</summary>
    public const string Token = "sandbox-source-token";

    private const int Most = 1_000;

    internal static void Map(IEndpointRouteBuilder app, Func<string, OfficeSystem?> find)
    {
        var routes = app.MapGroup("/back-office/{name}");
        routes.MapGet("/movements", (string name, string? since, string? cursor, int? limit, HttpRequest request) =>
            Answer(find(name), request, system => Movements(system, since, cursor, limit)));
        routes.MapGet("/positions", (string name, HttpRequest request) => Answer(find(name), request, system =>
        {
            var (stock, _, mark) = system.All();
            return Results.Ok(Frame(system, mark, stock.Select(s => (object)new { sku = s.Sku, location = s.Location, onHand = s.Units }), null));
        }));
        routes.MapGet("/pick-tasks", (string name, HttpRequest request) => Answer(find(name), request, system =>
        {
            var (_, tasks, mark) = system.All();
            return Results.Ok(Frame(
                system, mark, tasks.Select(t => (object)new { reference = t.Reference, system = t.System, sku = t.Sku, location = t.Location, open = t.Open }), null));
        }));
    }

    private static IResult Movements(OfficeSystem system, string? since, string? cursor, int? limit)
    {
        if (!TrySince(system, since, out var number, out var time) || !long.TryParse(cursor ?? "0", NumberStyles.None, CultureInfo.InvariantCulture, out var after))
        {
            return Results.BadRequest();
        }

        var (rows, more, mark) = system.After(number, time, after, Math.Clamp(limit ?? Most, 1, Most));
        var next = more ? rows[^1].Number.ToString(CultureInfo.InvariantCulture) : null;
        return Results.Ok(Frame(system, mark, rows.Select(r => Row(system, r)), next));
    }

    private static bool TrySince(OfficeSystem system, string? since, out long? number, out DateTimeOffset? time)
    {
        (number, time) = (null, null);
        if (since is null)
        {
            return true;
        }

        var isNumber = long.TryParse(since, NumberStyles.None, CultureInfo.InvariantCulture, out var counted);
        var isTime = DateTimeOffset.TryParse(since, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var told);
        number = system.CountsUp && isNumber ? counted : null;
        time = !system.CountsUp && isTime ? told : null;
        return number is not null || time is not null;
    }

    /// <summary>A row as others see it; also the body of one that is pushed.</summary>
    internal static object Row(OfficeSystem system, OfficeRow row) => new
    {
        id = row.Id,
        type = row.Type,
        sku = row.Sku,
        location = row.Location,
        occurredAt = row.At,
        sequence = system.CountsUp ? row.Number : (long?)null,
        units = row.Units,
        open = row.Open,
        shipped = row.Shipped,
        reference = row.Reference,
        system = row.System,
    };

    private static object Frame(OfficeSystem system, OfficeMark mark, IEnumerable<object> items, string? next) => new
    {
        asOf = mark.Time,
        sequence = system.CountsUp ? mark.Number : (long?)null,
        watermark = system.CountsUp ? (object)mark.Number : mark.Time,
        items,
        next,
    };

    private static IResult Answer(OfficeSystem? system, HttpRequest request, Func<OfficeSystem, IResult> answer) =>
        system is null ? Results.NotFound()
        : request.Headers.Authorization != $"Bearer {Token}" ? Results.Unauthorized()
        : system.IsDown ? Results.StatusCode(StatusCodes.Status503ServiceUnavailable)
        : answer(system);
}
