using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;

namespace SyncFlow.Api.Http;

/// <summary>
/// What types are called in the API's description. Endpoints keep their requests and answers as nested types, most of
/// them called the same, so such a one is named with the endpoint around it; two types of one name would be one schema.
/// </summary>
internal static class SchemaNames
{
    /// <summary>A type's name; null where its schema stands where it is used.</summary>
    public static string? Of(JsonTypeInfo info) => OpenApiOptions.CreateDefaultSchemaReferenceId(info) is { } usual
        ? HasNested(info.Type) ? Name(Nullable.GetUnderlyingType(info.Type) ?? info.Type) : usual
        : null;

    private static bool HasNested(Type type) => type.IsNested || type.GetGenericArguments().Any(HasNested);

    private static string Name(Type type)
    {
        var around = type is { IsNested: true, DeclaringType: { } declaring } ? Name(declaring) : "";
        var own = type.Name.Split('`')[0];
        return type.IsGenericType && !type.IsGenericTypeDefinition
            ? $"{around}{own}Of{string.Join("And", type.GetGenericArguments().Select(Name))}"
            : around + own;
    }
}
