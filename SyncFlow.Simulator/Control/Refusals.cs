namespace SyncFlow.Simulator.Control;

/// <summary>Problem details of the control API.</summary>
internal static class Refusals
{
    internal static IResult NoStore(string shop) =>
        Results.Problem($"the sandbox has no store {shop}", statusCode: 404, title: "Unknown store");

    internal static IResult Field(string field, string reason)
    {
        var name = char.ToLowerInvariant(field[0]) + field[1..];
        return Results.ValidationProblem(new Dictionary<string, string[]> { [name] = [reason] });
    }
}
