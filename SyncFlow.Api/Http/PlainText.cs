using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;

namespace SyncFlow.Api.Http;

/// <summary>An answer in words, of a route that gives the same as JSON.</summary>
internal sealed class PlainText(string text) : IResult, IEndpointMetadataProvider
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = "text/plain; charset=utf-8";
        return httpContext.Response.WriteAsync(text, httpContext.RequestAborted);
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        // The JSON answer describes the route; this is the same in words.
    }

    /// <summary>What is wrong with a <c>format</c>; null when it is one.</summary>
    public static Problem? Check(string? format) =>
        format is null or "text" or "json" ? null : Problem.Invalid("format", "One of: text, json.");

    /// <summary>Whether the caller wants words: by <c>format</c>, and else by what it accepts.</summary>
    public static bool IsAskedFor(string? format, HttpRequest request)
    {
        var accept = request.Headers.Accept.ToString();
        return format is null
            ? accept.Contains("text/plain", StringComparison.OrdinalIgnoreCase)
                && !accept.Contains("application/json", StringComparison.OrdinalIgnoreCase)
            : format == "text";
    }
}
