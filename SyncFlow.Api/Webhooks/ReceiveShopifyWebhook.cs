using System.Diagnostics;
using SyncFlow.Api.Http;
using SyncFlow.Channels;
using SyncFlow.Channels.Shopify;
using SyncFlow.Storage.Connections;
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

    /// <summary>Where webhooks come.</summary>
    public const string Path = "/webhooks/shopify";

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost(Path, HandleAsync)
        .WithName("ReceiveShopifyWebhook").WithTags("Webhooks").WithSummary("Receives a webhook from Shopify.")
        .Accepts<object>("application/json").Produces(StatusCodes.Status200OK);

    /// <summary>A request that went the <see cref="WebhookShortcut"/> comes here with what became of it, and is not received twice.</summary>
    private static async Task<IResult> HandleAsync(HttpContext context, Work work)
    {
        var received = WebhookShortcut.Received(context) ?? work.ReceiveAsync(context.Request, context.RequestAborted);
        return await received.ConfigureAwait(false) is { } problem ? (Refused)problem : TypedResults.Ok();
    }

    internal sealed class Work(
        ShopCache shops, ShopifySecrets secrets, GroupCommitInbox<InboxEvent> inbox, ReadingRoom reading, TimeProvider time)
    {
        /// <summary>Stores a webhook; returns after its commit, or with what is wrong with it.</summary>
        public async Task<Problem?> ReceiveAsync(HttpRequest request, CancellationToken ct)
        {
            var headers = ShopifyWebhookHeaders.Read(
                request.Headers, static (all, name) => all.TryGetValue(name, out var values) && values.Count > 0 ? values[0] : null, out var missing);
            if (headers is null)
            {
                return Problem.Invalid(missing!.Split(' ')[0], missing + ".");
            }

            if (request.ContentLength > MostBytes)
            {
                return TooLarge();
            }

            if (await shops.FindAsync(headers.Shop, ct).ConfigureAwait(false) is not { } owner)
            {
                return new Problem(ProblemKind.UnknownShop, $"{headers.Shop} is not connected.");
            }

            // A body that could not be stored is not read.
            if (!inbox.HasRoom(owner.Tenant.Value, (int)(request.ContentLength ?? MostBytes)))
            {
                return Full();
            }

            return WebhookBody.InHand(request) is { } body
                ? await StoreAsync(owner, headers, body).ConfigureAwait(false)
                : await ReadAsync(request, owner, headers, ct).ConfigureAwait(false);
        }

        private static Problem Full() => ProblemMapping.Of(new InboxFullException());

        private static Problem TooLarge() => new(ProblemKind.PayloadTooLarge, $"At most {MostBytes} bytes.");

        /// <summary>Waits for a body, for which there is room until it is here.</summary>
        private async Task<Problem?> ReadAsync(HttpRequest request, ShopConnection owner, ShopifyWebhookHeaders headers, CancellationToken ct)
        {
            WebhookBody? body;
            using (var place = reading.Enter(
                owner.Tenant.Value, (int)(request.ContentLength ?? MostBytes), request.BodyReader.CancelPendingRead))
            {
                if (place is null)
                {
                    return Full();
                }

                body = await WebhookBody.ReadAsync(request, ct).ConfigureAwait(false);
                if (body is null && place.Ended != PlaceEnd.None)
                {
                    return place.Ended == PlaceEnd.SentAway ? Full() : new Problem(ProblemKind.BodyTooSlow, "The body did not come in time.");
                }
            }

            return body is { } whole ? await StoreAsync(owner, headers, whole).ConfigureAwait(false) : TooLarge();
        }

        private async Task<Problem?> StoreAsync(ShopConnection owner, ShopifyWebhookHeaders headers, WebhookBody body)
        {
            if (!secrets.Verify(owner, body.Bytes.Span, headers.Hmac))
            {
                body.Return();
                return new Problem(ProblemKind.BadSignature, "X-Shopify-Hmac-Sha256 does not sign this body.");
            }

            var now = time.GetUtcNow();
            var correlation = headers.EventId ?? Activity.Current?.TraceId.ToHexString();
            await inbox.StoreAsync(new InboxEvent(
                owner.Tenant, owner.Connection, headers.Topic, headers.WebhookId, correlation,
                headers.TriggeredAt ?? now, now, headers.ApiVersion, ContentKinds.ShopifyWebhook, body.Bytes)).ConfigureAwait(false);

            // Only what is committed is surely not being sent to the database any more.
            body.Return();
            return null;
        }
    }
}
