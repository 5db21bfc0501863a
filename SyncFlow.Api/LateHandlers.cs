using Microsoft.Extensions.Options;

namespace SyncFlow.Api;

/// <summary>
/// Maps handlers that are compiled when they are first called. The framework compiles all of them before it answers anything:
/// one to two seconds of processor time for 235 handlers, which the first caller of a fresh process waits for. What a handler
/// takes and answers is still read before the first request, so the contract is whole and a handler that nothing can call
/// is told there. It lies in the namespace around all endpoints', so that these methods are met before the framework's own.
/// </summary>
internal static class LateHandlers
{
    /// <summary>Maps a handler of GET.</summary>
    public static RouteHandlerBuilder MapGet(this IEndpointRouteBuilder routes, string pattern, Delegate handler) =>
        Map(routes, HttpMethods.Get, pattern, handler, hasBody: false);

    /// <summary>Maps a handler of POST.</summary>
    public static RouteHandlerBuilder MapPost(this IEndpointRouteBuilder routes, string pattern, Delegate handler) =>
        Map(routes, HttpMethods.Post, pattern, handler, hasBody: true);

    /// <summary>Maps a handler of PUT.</summary>
    public static RouteHandlerBuilder MapPut(this IEndpointRouteBuilder routes, string pattern, Delegate handler) =>
        Map(routes, HttpMethods.Put, pattern, handler, hasBody: true);

    /// <summary>Maps a handler of PATCH.</summary>
    public static RouteHandlerBuilder MapPatch(this IEndpointRouteBuilder routes, string pattern, Delegate handler) =>
        Map(routes, HttpMethods.Patch, pattern, handler, hasBody: true);

    /// <summary>Maps a handler of DELETE.</summary>
    public static RouteHandlerBuilder MapDelete(this IEndpointRouteBuilder routes, string pattern, Delegate handler) =>
        Map(routes, HttpMethods.Delete, pattern, handler, hasBody: false);

    private static RouteHandlerBuilder Map(IEndpointRouteBuilder routes, string method, string pattern, Delegate handler, bool hasBody)
    {
        var endpoint = routes.MapMethods(pattern, [method], NotYet);
        endpoint.Add(builder => builder.Metadata.Add(new Late((RouteEndpointBuilder)builder, handler, hasBody)));
        endpoint.Finally(builder => builder.Metadata.OfType<Late>().Single().Filtered(builder));
        return new RouteHandlerBuilder([endpoint]);
    }

    private static Task NotYet(HttpContext context) => throw new InvalidOperationException("The endpoint has no handler yet.");

    /// <summary>One endpoint's handler until its first call. It has a builder of its own, which the framework does not see.</summary>
    internal sealed class Late
    {
        private readonly RouteEndpointBuilder _own;
        private readonly Lazy<RequestDelegate> _compiled;

        /// <summary>Adds to an endpoint what its handler takes and answers, as the framework would.</summary>
        public Late(RouteEndpointBuilder endpoint, Delegate handler, bool hasBody)
        {
            _own = new RouteEndpointBuilder(null, endpoint.RoutePattern, endpoint.Order) { ApplicationServices = endpoint.ApplicationServices };
            var options = new RequestDelegateFactoryOptions
            {
                ServiceProvider = endpoint.ApplicationServices,
                RouteParameterNames = endpoint.RoutePattern.Parameters.Select(p => p.Name),
                ThrowOnBadRequest = endpoint.ApplicationServices.GetRequiredService<IOptions<RouteHandlerOptions>>().Value.ThrowOnBadRequest,
                DisableInferBodyFromParameters = !hasBody,
                EndpointBuilder = _own,
            };
            Fill(_own.Metadata, endpoint.Metadata.Append(handler.Method));
            var described = RequestDelegateFactory.InferMetadata(handler.Method, options);
            Fill(endpoint.Metadata, _own.Metadata.Concat(handler.Method.GetCustomAttributes(inherit: true)));
            _compiled = new Lazy<RequestDelegate>(() => RequestDelegateFactory.Create(handler, options, described).RequestDelegate);
            endpoint.DisplayName = $"HTTP: {endpoint.RoutePattern.RawText} => {handler.Method.Name}";
            endpoint.RequestDelegate = context => Compiled(context);
        }

        /// <summary>The handler, ready to be called.</summary>
        public RequestDelegate Compiled => _compiled.Value;

        /// <summary>Whether it has been called, or compiled otherwise.</summary>
        public bool IsCompiled => _compiled.IsValueCreated;

        /// <summary>Takes an endpoint's filters over: they see the handler's arguments, which only the compiled one has.</summary>
        public void Filtered(EndpointBuilder endpoint)
        {
            foreach (var filter in endpoint.FilterFactories)
            {
                _own.FilterFactories.Add(filter);
            }

            endpoint.FilterFactories.Clear();
        }

        private static void Fill(IList<object> list, IEnumerable<object> with)
        {
            var all = with.ToList();
            list.Clear();
            all.ForEach(list.Add);
        }
    }
}
