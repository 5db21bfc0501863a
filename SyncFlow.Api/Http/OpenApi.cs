using Microsoft.OpenApi;
using SyncFlow.Api.Security;

namespace SyncFlow.Api.Http;

/// <summary>The API's own description: OpenAPI 3.1 at <c>/openapi/v1.json</c>, and a page that shows it at <c>/docs</c>.</summary>
internal static class OpenApi
{
    /// <summary>Says who may call an operation: a permission, <c>callers</c> or <c>anyone</c>.</summary>
    public const string RuleExtension = "x-permission";

    private const string Bearer = "bearer";

    private static readonly byte[] Page = ReadPage();

    public static void AddSyncFlowOpenApi(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "SyncFlow",
                Version = "v1",
                Description = "Stock in step across every channel. Errors are problem details (RFC 9457); lists are paged by cursor.",
            };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = Bearer,
                Description = "An API key.",
            };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, document)] = [] }];
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            var rule = context.Description.ActionDescriptor.EndpointMetadata.OfType<RouteRule>().LastOrDefault();
            if (rule is not null)
            {
                operation.Extensions ??= new Dictionary<string, IOpenApiExtension>();
                operation.Extensions[RuleExtension] = new JsonNodeExtension(rule.Text);
            }

            if (rule?.Access == RouteAccess.Anyone)
            {
                operation.Security = [];
            }

            return Task.CompletedTask;
        });
    });

    public static void MapDocsPage(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/docs", () => TypedResults.Bytes(Page, "text/html; charset=utf-8")).ExcludeFromDescription();

    private static byte[] ReadPage()
    {
        using var stream = typeof(OpenApi).Assembly.GetManifestResourceStream("SyncFlow.Api.Http.docs.html")
            ?? throw new InvalidOperationException("The documentation page is not in the assembly.");
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
