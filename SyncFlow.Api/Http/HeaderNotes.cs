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
        if (metadata.OfType<RouteRule>().LastOrDefault() is { Access: not RouteAccess.Anyone } && IdempotencyKeys.Writes(description.HttpMethod ?? ""))
        {
            Add(operation, IdempotencyKeys.Header, needed: false, "The same key with the same request gives the stored answer again.");
        }

        if (metadata.OfType<SeenVersion>().Any())
        {
            Add(operation, IfMatch, needed: true, "The ETag that was read: sales and receipts change the number meanwhile.");
            AddAnswer(operation, ProblemKind.PreconditionFailed);
            AddAnswer(operation, ProblemKind.PreconditionRequired);
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
