using SyncFlow.Api.Http;
using SyncFlow.Api.Security;

namespace SyncFlow.Api.Webhooks;

/// <summary>
/// The short way of a webhook, before everything else: no route, no scope, no result to be executed, for nothing costs an
/// acknowledgement more than what every request goes through. What is not simply stored goes the long way on, with what
/// became of it, so that every refusal and failure is told as everywhere.
/// </summary>
internal sealed class WebhookShortcut(RequestDelegate next, ReceiveShopifyWebhook.Work work)
{
    private const string Json = "application/json";

    /// <summary>What became of a request that came this way; null where it did not.</summary>
    public static Task<Problem?>? Received(HttpContext context) =>
        context.Items.TryGetValue(typeof(WebhookShortcut), out var received) ? (Task<Problem?>)received! : null;

    public Task InvokeAsync(HttpContext context) => IsWebhook(context.Request) ? ReceiveAsync(context) : next(context);

    /// <summary>Whether it is one letter by letter; whatever is spelled otherwise the routes know.</summary>
    private static bool IsWebhook(HttpRequest request) =>
        request.Path.Value == ReceiveShopifyWebhook.Path && HttpMethods.IsPost(request.Method) && request.ContentType == Json;

    private async Task ReceiveAsync(HttpContext context)
    {
        var received = work.ReceiveAsync(context.Request, context.RequestAborted);
        await ((Task)received).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (received.IsCompletedSuccessfully && await received.ConfigureAwait(false) is null)
        {
            SecurityHeaders.OfData(context);
            context.Response.ContentLength = 0;
            return;
        }

        context.Items[typeof(WebhookShortcut)] = received;
        await next(context).ConfigureAwait(false);
    }
}
