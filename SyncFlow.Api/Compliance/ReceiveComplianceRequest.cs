using System.Security.Cryptography;
using System.Text.Json;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Webhooks;
using SyncFlow.Channels.Shopify;
using SyncFlow.Storage.Compliance;

namespace SyncFlow.Api.Compliance;

/// <summary>
/// Takes what Shopify asks for by law: tell what is kept of a customer, forget a customer, forget a shop. 200 means that
/// the request is stored and will be carried out; of a shop that was never connected nothing is kept, and so nothing is
/// to be done. What is looked for comes from the body, so it is read here, after its signature.
/// </summary>
internal sealed class ReceiveComplianceRequest : IEndpoint
{
    private const int MostBytes = 256 * 1024;

    /// <summary>Shorter texts would be found in bodies by chance.</summary>
    private const int ShortestSubject = 4;

    private static readonly string[] Topics = ["customers/data_request", "customers/redact", "shop/redact"];

    /// <param name="Connections">How many connections, present and past, the request concerns.</param>
    internal sealed record Answer(long Connections);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/webhooks/shopify/compliance", HandleAsync)
        .WithName("ReceiveComplianceRequest").WithTags("Webhooks").WithSummary("Receives a request of privacy law from Shopify.")
        .Accepts<object>("application/json").Produces<Answer>();

    private static async Task<IResult> HandleAsync(HttpContext context, ShopifySecrets secrets, ComplianceDesk desk, CancellationToken ct)
    {
        var headers = ShopifyWebhookHeaders.Read(
            context.Request.Headers, static (all, name) => all[name].FirstOrDefault(), out var missing);
        if (headers is null)
        {
            return (Refused)Problem.Invalid(missing!.Split(' ')[0], missing + ".");
        }

        if (await ReadAsync(context.Request, ct).ConfigureAwait(false) is not { } body)
        {
            return (Refused)new Problem(ProblemKind.PayloadTooLarge, $"At most {MostBytes} bytes.");
        }

        if (!secrets.OfApp.Any(secret => ShopifyWebhookVerifier.Verify(body, headers.Hmac, secret)))
        {
            return (Refused)new Problem(ProblemKind.BadSignature, "X-Shopify-Hmac-Sha256 does not sign this body.");
        }

        if (!Topics.Contains(headers.Topic))
        {
            return (Refused)Problem.Invalid("X-Shopify-Topic", $"One of: {string.Join(", ", Topics)}.");
        }

        return Subject(body) is { } subject
            ? TypedResults.Ok(new Answer(
                await desk.StoreAsync(headers.Shop, headers.Topic, headers.WebhookId, SHA256.HashData(body), subject, ct).ConfigureAwait(false)))
            : (Refused)new Problem(ProblemKind.Malformed, "The body is not a JSON object.");
    }

    /// <summary>The texts by which stored bodies about a customer are known: ids, e-mail, phone, orders.</summary>
    private static string[]? Subject(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            var texts = new List<string?>();
            if (document.RootElement.TryGetProperty("customer", out var customer) && customer.ValueKind == JsonValueKind.Object)
            {
                texts.AddRange(customer.EnumerateObject().Where(member => member.Name is "id" or "email" or "phone").Select(member => Text(member.Value)));
            }

            foreach (var name in new[] { "orders_requested", "orders_to_redact" })
            {
                if (document.RootElement.TryGetProperty(name, out var orders) && orders.ValueKind == JsonValueKind.Array)
                {
                    texts.AddRange(orders.EnumerateArray().Select(Text));
                }
            }

            return [.. texts.OfType<string>().Where(text => text.Length >= ShortestSubject).Distinct()];
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        _ => null,
    };

    private static async Task<byte[]?> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        if (request.ContentLength > MostBytes)
        {
            return null;
        }

        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await request.Body.ReadAsync(buffer, ct).ConfigureAwait(false)) > 0)
        {
            body.Write(buffer, 0, read);
            if (body.Length > MostBytes)
            {
                return null;
            }
        }

        return body.ToArray();
    }
}

/// <summary>The requests of the law that concerned a tenant, with the proof of what was done.</summary>
internal sealed class ListComplianceRequests : IEndpoint
{
    private const int MostShown = 200;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/compliance-requests", HandleAsync)
        .WithName("ListComplianceRequests").WithTags("Audit").Needs(Permission.AuditRead)
        .WithSummary("Lists requests of privacy law, the newest first, with what was found and done.");

    private static async Task<IReadOnlyList<ComplianceView>> HandleAsync(Caller caller, ComplianceDesk desk, long? before, CancellationToken ct) =>
        await desk.ListAsync(caller.Tenant, before, MostShown, ct).ConfigureAwait(false);
}
