using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;

namespace SyncFlow.Api.Http;

/// <summary>The answer of an endpoint that refuses.</summary>
internal sealed class Refused(Problem problem) : IResult, IEndpointMetadataProvider
{
    public Problem Problem { get; } = problem;

    public Task ExecuteAsync(HttpContext httpContext) => ProblemMapping.WriteAsync(httpContext, Problem);

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        builder.Metadata.Add(new ProducesResponseTypeMetadata(
            StatusCodes.Status400BadRequest, typeof(ProblemDetails), [ProblemMapping.ContentType]));
    }

    public static implicit operator Refused(Problem problem) => new(problem);
}
