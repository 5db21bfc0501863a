using System.Security.Cryptography;
using System.Text;
using Microsoft.OpenApi;
using SyncFlow.Api.Security;

namespace SyncFlow.Api.Http;

/// <summary>The API's own description: OpenAPI 3.1 at <c>/openapi/v1.json</c>, and a page that shows it at <c>/docs</c>.</summary>
internal static class OpenApi
{
    /// <summary>Says who may call an operation: a permission, <c>callers</c> or <c>anyone</c>.</summary>
    public const string RuleExtension = "x-permission";

    private const string Bearer = "bearer";

    /// <summary>Where the page is.</summary>
    public const string PagePath = "/docs";

    private static readonly byte[] Page = ReadPage();

    /// <summary>What the page may do: run its own script, take its own style, and read the description.</summary>
    public static string PagePolicy { get; } =
        $"default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; script-src {HashOf("script")}; style-src {HashOf("style")}";


    public static void AddSyncFlowOpenApi(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.CreateSchemaReferenceId = info => SchemaNames.Of(info);
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
        options.AddSchemaTransformer(Sources.PushEvents.DescribeAsync);
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

            HeaderNotes.Add(operation, context.Description);
            return Task.CompletedTask;
        });
    });

    public static void MapDocsPage(this IEndpointRouteBuilder routes) =>
        routes.MapGet(PagePath, () => TypedResults.Bytes(Page, "text/html; charset=utf-8")).ExcludeFromDescription();

    /// <summary>The hash of the page's own script or style, as a source of a content security policy.</summary>
    private static string HashOf(string element)
    {
        var text = Encoding.UTF8.GetString(Page);
        var start = text.IndexOf($"<{element}>", StringComparison.Ordinal) + element.Length + 2;
        var inside = text[start..text.IndexOf($"</{element}>", start, StringComparison.Ordinal)].ReplaceLineEndings("\n");
        return $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(inside)))}'";
    }

    private static byte[] ReadPage()
    {
        using var stream = typeof(OpenApi).Assembly.GetManifestResourceStream("SyncFlow.Api.Http.docs.html")
            ?? throw new InvalidOperationException("The documentation page is not in the assembly.");
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
