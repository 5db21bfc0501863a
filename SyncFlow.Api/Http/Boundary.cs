using Microsoft.AspNetCore.Diagnostics;

namespace SyncFlow.Api.Http;

/// <summary>The endpoint boundary: the only place that catches whatever a handler let through.</summary>
internal sealed partial class Boundary(ILogger<Boundary> log) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && httpContext.RequestAborted.IsCancellationRequested)
        {
            httpContext.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return true; // Nobody is listening any more; not a failure.
        }

        var problem = ProblemMapping.Of(exception);
        if (ProblemMapping.Of(problem.Kind).Status >= StatusCodes.Status500InternalServerError)
        {
            RequestFailed(log, exception, httpContext.Request.Method, httpContext.Request.Path);
        }

        await ProblemMapping.WriteAsync(httpContext, problem).ConfigureAwait(false);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private static partial void RequestFailed(ILogger log, Exception failure, string method, string path);
}
