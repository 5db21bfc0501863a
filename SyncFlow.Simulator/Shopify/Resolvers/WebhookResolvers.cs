using System.Globalization;
using SyncFlow.Simulator.GraphQl;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify.Resolvers;

/// <summary>Webhook subscriptions: list, create, update, delete.</summary>
internal static class WebhookResolvers
{
    internal static void Bind(Schema schema)
    {
        new Binder<WebhookSubscription>(schema, "WebhookSubscription")
            .Field("apiVersion", s => new VersionView(s.ApiVersion, ApiVersions.IsStable(s.ApiVersion)))
            .Field("callbackUrl", s => s.Uri)
            .Field("createdAt", s => Gids.Time(s.CreatedAt))
            .Field("endpoint", s => new Uri(s.Uri))
            .Field("filter", s => s.Filter)
            .Field("format", _ => "JSON")
            .Field("id", s => Gids.Of("WebhookSubscription", s.Id))
            .Field("includeFields", s => s.IncludeFields)
            .Field("legacyResourceId", s => s.Id.ToString(CultureInfo.InvariantCulture))
            .Field("metafieldNamespaces", s => s.MetafieldNamespaces)
            .Field("name", s => s.Name)
            .Field("topic", s => s.Topic)
            .Field("updatedAt", s => Gids.Time(s.UpdatedAt))
            .Field("uri", s => s.Uri);
        new Binder<Uri>(schema, "WebhookHttpEndpoint").Field("callbackUrl", u => u.OriginalString);
        new Binder<TypeDef>(schema, "Mutation")
            .Field("webhookSubscriptionCreate", (_, c, call) => Create(c, call))
            .Field("webhookSubscriptionUpdate", (_, c, call) => Update(c, call))
            .Field("webhookSubscriptionDelete", (_, c, call) => Delete(c, call));
        foreach (var name in new[] { "WebhookSubscriptionCreatePayload", "WebhookSubscriptionUpdatePayload" })
        {
            new Binder<Payload>(schema, name)
                .Field("webhookSubscription", p => p.Result)
                .Field("userErrors", p => p.Errors);
        }

        new Binder<Payload>(schema, "WebhookSubscriptionDeletePayload")
            .Field("deletedWebhookSubscriptionId", p => p.Result)
            .Field("userErrors", p => p.Errors);
    }

    internal static Page List(RequestContext context, FieldCall call)
    {
        var topics = call.Argument<List<object?>>("topics");
        var uri = call.Argument<string>("uri") ?? call.Argument<string>("callbackUrl");
        return Connections.Cut(
            context.Shop.Subscriptions.Values.Where(s =>
                (topics is null || topics.Contains(s.Topic)) && (uri is null || s.Uri == uri)),
            s => Connections.Key(s.Id), call);
    }

    private static Payload Create(RequestContext context, FieldCall call)
    {
        var input = call.Argument<Dictionary<string, object?>>("webhookSubscription")!;
        var topic = call.Argument<string>("topic")!;
        if (Uri(input) is not { } uri || !IsAddress(uri))
        {
            return Refused("uri", "Address is invalid");
        }

        if (context.Shop.Subscriptions.Values.Any(s =>
            s.Topic == topic && s.Uri == uri && s.Filter == input.GetValueOrDefault("filter") as string))
        {
            return Refused("uri", "Address for this topic has already been taken");
        }

        var subscription = new WebhookSubscription
        {
            Id = context.Shop.Ids.Next(IdKind.Subscription),
            Topic = topic,
            Uri = uri,
            ApiVersion = context.ApiVersion,
            CreatedAt = context.Now,
        };
        Fill(subscription, input, context.Now);
        context.Shop.Subscriptions.Add(subscription.Id, subscription);
        context.Subscriptions[subscription.Id] = subscription;
        return Payload.Of(subscription);
    }

    private static Payload Update(RequestContext context, FieldCall call)
    {
        var input = call.Argument<Dictionary<string, object?>>("webhookSubscription")!;
        if (Find(context, call) is not { } subscription)
        {
            return Refused("id", "Webhook subscription does not exist");
        }

        if (Uri(input) is { } uri)
        {
            if (!IsAddress(uri))
            {
                return Refused("uri", "Address is invalid");
            }

            subscription.Uri = uri;
        }

        Fill(subscription, input, context.Now);
        context.Subscriptions[subscription.Id] = subscription;
        return Payload.Of(subscription);
    }

    private static Payload Delete(RequestContext context, FieldCall call)
    {
        if (Find(context, call) is not { } subscription)
        {
            return Refused("id", "Webhook subscription does not exist");
        }

        context.Shop.Subscriptions.Remove(subscription.Id);
        context.Subscriptions[subscription.Id] = null;
        return Payload.Of(Gids.Of("WebhookSubscription", subscription.Id));
    }

    private static Payload Refused(string field, string message) =>
        Payload.Refused("UserError", null, field == "id" ? ["id"] : ["webhookSubscription", field], message);

    private static WebhookSubscription? Find(RequestContext context, FieldCall call) =>
        context.Shop.Subscriptions.GetValueOrDefault(
            Gids.Number(call.Argument<string>("id"), "WebhookSubscription") ?? 0);

    private static string? Uri(Dictionary<string, object?> input) =>
        (input.GetValueOrDefault("uri") ?? input.GetValueOrDefault("callbackUrl")) as string;

    /// <summary>Shopify demands https; the sandbox takes http as well, since it only ever calls loopback.</summary>
    private static bool IsAddress(string uri) =>
        System.Uri.TryCreate(uri, UriKind.Absolute, out var address) && address.Scheme is "http" or "https";

    private static void Fill(WebhookSubscription subscription, Dictionary<string, object?> input, DateTimeOffset now)
    {
        if (input.TryGetValue("name", out var name))
        {
            subscription.Name = name as string;
        }

        if (input.TryGetValue("filter", out var filter))
        {
            subscription.Filter = filter as string;
        }

        if (input.GetValueOrDefault("includeFields") is List<object?> fields)
        {
            subscription.IncludeFields = [.. fields.OfType<string>()];
        }

        if (input.GetValueOrDefault("metafieldNamespaces") is List<object?> namespaces)
        {
            subscription.MetafieldNamespaces = [.. namespaces.OfType<string>()];
        }

        subscription.UpdatedAt = now;
    }
}
