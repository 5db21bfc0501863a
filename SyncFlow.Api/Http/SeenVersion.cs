namespace SyncFlow.Api.Http;

/// <summary>
/// What a caller has seen of a number that the system itself lowers: sales and receipts are at work on it, so that what
/// was right a moment ago, told once more, would give away what has gone since. Whoever sets it names the ETag that he read.
/// </summary>
internal static class SeenVersion
{
    private const string Any = "*";

    /// <summary>The tag of a version.</summary>
    public static string ETagOf(string version) => $"\"v{version}\"";

    /// <summary>The version that a request names, as it came; null where it names none or any, and then the answer.</summary>
    public static string? Read(HttpRequest request, out Refused? refused)
    {
        refused = null;
        if (Find(request) is { } seen)
        {
            return seen;
        }

        refused = new Problem(
            ProblemKind.PreconditionRequired, "Sales and receipts change it meanwhile: read it, and send the ETag of what you have seen as If-Match.");
        return null;
    }

    /// <summary>The same where a request may leave it out.</summary>
    public static string? Find(HttpRequest request) => request.Headers.IfMatch.ToString() switch
    {
        "" or Any => null,
        ['"', 'v', .. var version, '"'] => version,
        var other => other, // No version of ours: it matches none.
    };

    /// <summary>What a request gets that has seen another state.</summary>
    public static Refused Stale() => new Problem(
        ProblemKind.PreconditionFailed, "It changed since it was read, by a person, a sale or a receipt: read it again.");

    /// <summary>Says in the API's description that a route needs the version.</summary>
    public static void Mark(RouteHandlerBuilder route) => route.NeedsIfMatch(
        "The ETag that was read: sales and receipts change the number meanwhile.", ProblemKind.PreconditionRequired);
}
