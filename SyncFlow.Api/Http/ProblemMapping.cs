using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Mvc;
using SyncFlow.Api.Webhooks;

namespace SyncFlow.Api.Http;

/// <summary>The one place where refusals and failures become problem details (RFC 9457).</summary>
internal static partial class ProblemMapping
{
    public const string ContentType = "application/problem+json";

    private const string Addresses = "https://syncflow.dev/problems/";

    private static readonly TimeSpan StorageRetry = TimeSpan.FromSeconds(2);

    /// <summary>Status, stable name and title of a kind.</summary>
    public static (int Status, string Slug, string Title) Of(ProblemKind kind) => kind switch
    {
        ProblemKind.Validation => (400, "validation", "A field is not valid"),
        ProblemKind.Malformed => (400, "malformed-request", "The request cannot be read"),
        ProblemKind.Unauthorized => (401, "unauthorized", "A known caller is needed"),
        ProblemKind.Forbidden => (403, "insufficient-scope", "The caller may not do this"),
        ProblemKind.BadSignature => (401, "bad-signature", "The signature is missing or wrong"),
        ProblemKind.UnknownShop => (404, "unknown-shop", "The shop is not connected"),
        ProblemKind.NotFound => (404, "not-found", "Not found"),
        ProblemKind.PlanLimit => (402, "plan-limit", "The plan does not allow it"),
        ProblemKind.MethodNotAllowed => (405, "method-not-allowed", "The method is not allowed here"),
        ProblemKind.BodyTooSlow => (408, "body-too-slow", "The body took too long"),
        ProblemKind.AlreadyExists => (409, "already-exists", "It exists already"),
        ProblemKind.StateConflict => (409, "state-conflict", "It is not in a state for this"),
        ProblemKind.NotAvailable => (409, "not-available", "Not all units can be had"),
        ProblemKind.IdempotencyKeyInUse => (409, "idempotency-key-in-use", "The first request with this key is still running"),
        ProblemKind.PreconditionFailed => (412, "precondition-failed", "It was changed meanwhile"),
        ProblemKind.PreconditionRequired => (428, "precondition-required", "What was seen must be named"),
        ProblemKind.PayloadTooLarge => (413, "payload-too-large", "The body is too large"),
        ProblemKind.UnsupportedMediaType => (415, "unsupported-media-type", "The content type is not supported"),
        ProblemKind.IdempotencyKeyReused => (422, "idempotency-key-reused", "The key was used with another request"),
        ProblemKind.QuotaReached => (409, "quota-reached", "There are as many as there may be"),
        ProblemKind.TooManyRequests => (429, "too-many-requests", "Too many requests"),
        ProblemKind.Internal => (500, "internal", "Something went wrong on our side"),
        ProblemKind.InboxFull => (429, "inbox-full", "Too many events wait to be stored"),
        ProblemKind.ChannelUnavailable => (503, "channel-unavailable", "The channel does not answer"),
        ProblemKind.StorageUnavailable => (503, "storage-unavailable", "The database does not answer"),
    };

    /// <summary>The body of the answer.</summary>
    public static ProblemDetails Details(Problem problem, string? traceId)
    {
        var (status, slug, title) = Of(problem.Kind);
        var details = new ProblemDetails { Type = Addresses + slug, Title = title, Status = status, Detail = problem.Detail };
        if (problem.Fields is { } fields)
        {
            details.Extensions["errors"] = fields;
        }

        foreach (var (name, value) in problem.More ?? new Dictionary<string, object>())
        {
            details.Extensions[name] = value;
        }

        if (traceId is not null)
        {
            details.Extensions["traceId"] = traceId;
        }

        return details;
    }

    /// <summary>Answers a request with a problem.</summary>
    public static Task WriteAsync(HttpContext context, Problem problem)
    {
        var response = context.Response;
        response.StatusCode = Of(problem.Kind).Status;
        if (problem.Kind == ProblemKind.Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }

        if (problem.RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        var traceId = System.Diagnostics.Activity.Current?.Id ?? context.TraceIdentifier;
        return response.WriteAsJsonAsync(Details(problem, traceId), options: null, ContentType, context.RequestAborted);
    }

    /// <summary>What a failure that reached the endpoint boundary means to the caller.</summary>
    public static Problem Of(Exception failure) => failure switch
    {
        RequestRefusedException refused => refused.Problem,
        CsvRefusedException refused => CheckAnswer.Of(refused.Fields),
        InboxFullException => new(ProblemKind.InboxFull, "Send the event again a little later.") { RetryAfter = StorageRetry },
        InboxUnavailableException => Storage(),
        BadHttpRequestException { StatusCode: 413 } => new(ProblemKind.PayloadTooLarge, "The body is over the limit."),
        BadHttpRequestException { StatusCode: 415 } => new(ProblemKind.UnsupportedMediaType, "Send application/json."),
        BadHttpRequestException bad => Unreadable(bad),

        // The second lock: somebody who may work only at some locations touched another.
        DbException { SqlState: "42501" } held when held.Message.Contains("own_places", StringComparison.Ordinal) =>
            new(ProblemKind.Forbidden, "This touches a location at which you may not work."),

        // Without a SQLSTATE the server was never reached or the connection broke; classes 08, 53 and 57 say that it is
        // unreachable, out of resources, or shutting down. Everything else is a statement of ours that is wrong.
        DbException { SqlState: null } => Storage(),
        DbException { SqlState: { } state } when state[..2] is "08" or "53" or "57" => Storage(),
        TimeoutException => Storage(),
        _ => new(ProblemKind.Internal, "The failure was recorded; the trace id finds it."),
    };

    /// <summary>Problems for answers that the framework leaves empty.</summary>
    public static Problem? OfStatus(int status) => status switch
    {
        StatusCodes.Status404NotFound => new(ProblemKind.NotFound, "There is nothing at this address."),
        StatusCodes.Status405MethodNotAllowed => new(ProblemKind.MethodNotAllowed, "This address has other methods."),
        StatusCodes.Status415UnsupportedMediaType => new(ProblemKind.UnsupportedMediaType, "Send application/json."),
        StatusCodes.Status413PayloadTooLarge => new(ProblemKind.PayloadTooLarge, "The body is over the limit."),
        StatusCodes.Status400BadRequest => new(ProblemKind.Malformed, "The request cannot be read."),
        _ => null,
    };

    private static Problem Storage() => new(ProblemKind.StorageUnavailable, "Try again in a moment.") { RetryAfter = StorageRetry };

    private static Problem Unreadable(BadHttpRequestException bad)
    {
        if (bad.InnerException is JsonException json)
        {
            return json.Path is { Length: > 2 } path
                ? Problem.Invalid(path[2..], "This value has the wrong type, or is not one of the known ones.")
                : new(ProblemKind.Malformed, $"The body is not the JSON object that is expected here; line {json.LineNumber + 1}, byte {json.BytePositionInLine}.");
        }

        var parameter = ParameterName().Match(bad.Message);
        return parameter.Success
            ? Problem.Invalid(JsonNamingPolicy.CamelCase.ConvertName(parameter.Groups[1].Value), "This value is missing or has the wrong type.")
            : new(ProblemKind.Malformed, "The request cannot be read as what this address expects.");
    }

    [GeneratedRegex("parameter \"(?:[^\"]*[ .])?(\\w+)\"")]
    private static partial Regex ParameterName();
}
