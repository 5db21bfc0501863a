using System.Buffers;
using System.Diagnostics;
using SyncFlow.Api.Http;
using SyncFlow.Channels;
using SyncFlow.Channels.Shopify;
using SyncFlow.Storage.Inbox;

namespace SyncFlow.Api.Webhooks;

/// <summary>
/// Takes Shopify's webhooks: store first, act later. 200 means that the event is committed; anything else that nothing
/// was stored, and Shopify sends it again. What the body says is not looked at: an unknown topic and broken JSON are
/// stored too, and the worker tells.
/// </summary>
internal sealed class ReceiveShopifyWebhook : IEndpoint
{
    /// <summary>Largest body that is taken.</summary>
    public const int MostBytes = 4 << 20;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/webhooks/shopify", HandleAsync)
        .WithName("ReceiveShopifyWebhook").WithTags("Webhooks").WithSummary("Receives a webhook from Shopify.")
        .Accepts<object>("application/json").Produces(StatusCodes.Status200OK);

    private static async Task<IResult> HandleAsync(HttpContext context, Work work)
    {
        var headers = ShopifyWebhookHeaders.Read(
            context.Request.Headers.Select(header => KeyValuePair.Create(header.Key, header.Value.FirstOrDefault())), out var missing);
        if (headers is null)
        {
            return (Refused)Problem.Invalid(missing!.Split(' ')[0], missing + ".");
        }

        return await work.ReceiveAsync(context.Request, headers, context.RequestAborted).ConfigureAwait(false);
    }

    internal sealed class Work(
        ShopCache shops, ShopifySecrets secrets, GroupCommitInbox<InboxEvent> inbox, TimeProvider time)
    {
        public async Task<IResult> ReceiveAsync(HttpRequest request, ShopifyWebhookHeaders headers, CancellationToken ct)
        {
            if (request.ContentLength > MostBytes)
            {
                return TooLarge();
            }

            if (await shops.FindAsync(headers.Shop, ct).ConfigureAwait(false) is not { } owner)
            {
                return (Refused)new Problem(ProblemKind.UnknownShop, $"{headers.Shop} is not connected.");
            }

            if (await ReadAsync(request, ct).ConfigureAwait(false) is not { } body)
            {
                return TooLarge();
            }

            if (!secrets.Verify(owner, body, headers.Hmac))
            {
                return (Refused)new Problem(ProblemKind.BadSignature, "X-Shopify-Hmac-Sha256 does not sign this body.");
            }

            var now = time.GetUtcNow();
            var correlation = headers.EventId ?? Activity.Current?.TraceId.ToHexString();
            await inbox.StoreAsync(new InboxEvent(
                owner.Tenant, owner.Connection, headers.Topic, headers.WebhookId, correlation,
                headers.TriggeredAt ?? now, now, headers.ApiVersion, ContentKinds.ShopifyWebhook, body)).ConfigureAwait(false);
            return TypedResults.Ok();
        }

        private static Refused TooLarge() => new Problem(ProblemKind.PayloadTooLarge, $"At most {MostBytes} bytes.");

        /// <summary>The body as it came, or null where it is over the limit; a sender may leave its length out.</summary>
        private static async Task<byte[]?> ReadAsync(HttpRequest request, CancellationToken ct)
        {
            while (true)
            {
                var read = await request.BodyReader.ReadAsync(ct).ConfigureAwait(false);
                if (read.Buffer.Length > MostBytes)
                {
                    request.BodyReader.AdvanceTo(read.Buffer.End);
                    return null;
                }

                if (read.IsCompleted)
                {
                    var body = read.Buffer.ToArray();
                    request.BodyReader.AdvanceTo(read.Buffer.End);
                    return body;
                }

                request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
    }
}
