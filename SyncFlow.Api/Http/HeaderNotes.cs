using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.OpenApi;
using SyncFlow.Api.Security;

namespace SyncFlow.Api.Http;

/// <summary>Headers of requests in the API's description: no parameter of a handler shows them.</summary>
internal static class HeaderNotes
{
    private const string IfMatch = "If-Match";

    /// <summary>Adds the headers that an operation takes, and the answers that follow from them.</summary>
    public static void Add(OpenApiOperation operation, ApiDescription description)
    {
        var metadata = description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<RouteRule>().LastOrDefault() is { Access: not RouteAccess.Anyone } rule && rule.Permission?.IsOfPlatform() != true
            && IdempotencyKeys.Writes(description.HttpMethod ?? "")) // Outside tenants no key is kept.
        {
            Add(operation, IdempotencyKeys.Header, needed: false, "The same key with the same request gives the stored answer again.");
        }

        if (metadata.OfType<IfMatchNote>().LastOrDefault() is not { } note)
        {
            return;
        }

        Add(operation, IfMatch, note.Needed, note.What);
        AddAnswer(operation, ProblemKind.PreconditionFailed);
        if (note.Without is { } without)
        {
            AddAnswer(operation, without);
        }
    }

    private static void Add(OpenApiOperation operation, string header, bool needed, string what)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter
        {
            Name = header,
            In = ParameterLocation.Header,
            Required = needed,
            Description = what,
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        });
    }

    private static void AddAnswer(OpenApiOperation operation, ProblemKind kind)
    {
        var (status, _, title) = ProblemMapping.Of(kind);
        operation.Responses ??= [];
        operation.Responses[status.ToString(System.Globalization.CultureInfo.InvariantCulture)] = new OpenApiResponse { Description = title };
    }
}
