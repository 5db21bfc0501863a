namespace SyncFlow.Simulator.BackOffice;

/// <summary>The control of the retailer's other systems, under <c>/sandbox/back-office</c>.</summary>
internal static class OfficeEndpoints
{
    /// <param name="Lost">Rows that the ERP loses.</param>
    internal sealed record Restore(int Lost);

    internal static void Map(RouteGroupBuilder sandbox, Office office)
    {
        var routes = sandbox.MapGroup("/back-office");
        routes.MapGet("", () => new { token = OfficeFeeds.Token, office.IsOpen, places = office.Places, systems = office.Views });
        routes.MapPost("", (OfficeSettings settings) =>
        {
            if (office.IsOpen)
            {
                return Results.Problem("the back office is open", statusCode: StatusCodes.Status409Conflict, title: "Open already");
            }

            office.Open(settings);
            return Results.Ok(office.Views);
        });
        routes.MapPost("/drain", () =>
        {
            office.Drain();
            return Results.Accepted();
        });
        routes.MapPost("/erp/restore", (Restore wish) => Results.Ok(new { lost = office.RestoreErp(wish.Lost) }));
    }
}
