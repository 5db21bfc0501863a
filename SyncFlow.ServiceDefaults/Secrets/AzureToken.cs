using System.Text.Json;

namespace SyncFlow.ServiceDefaults.Secrets;

/// <summary>
/// A token for Azure Key Vault, from what the environment offers: the identity endpoint of a hosted app
/// (<c>IDENTITY_ENDPOINT</c>), a service principal (<c>AZURE_TENANT_ID</c>, <c>AZURE_CLIENT_ID</c>,
/// <c>AZURE_CLIENT_SECRET</c>), or the metadata service of a virtual machine.
/// </summary>
/// <param name="http">Must not follow redirects.</param>
/// <param name="setting">Reads an environment variable; null or empty where it is not set.</param>
public sealed class AzureToken(HttpClient http, Func<string, string?> setting)
{
    private const string Vault = "https://vault.azure.net";

    private const string Metadata = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=" + Vault;

    private const string Authority = "https://login.microsoftonline.com";

    /// <summary>Asks for a token.</summary>
    /// <exception cref="InvalidOperationException">Azure refused, or does not answer.</exception>
    public string Get()
    {
        using var request = Request();
        using var answer = Send(http, request, "Azure's identity service");
        return answer.RootElement.GetProperty("access_token").GetString()
            ?? throw new InvalidOperationException("Azure's identity service answered without a token.");
    }

    /// <summary>Sends a request and reads the JSON of a good answer.</summary>
    internal static JsonDocument Send(HttpClient http, HttpRequestMessage request, string who)
    {
        try
        {
            using var answer = http.Send(request);
            return answer.IsSuccessStatusCode
                ? JsonDocument.Parse(answer.Content.ReadAsStream())
                : throw new InvalidOperationException($"{who} answered {(int)answer.StatusCode} to {request.RequestUri?.GetLeftPart(UriPartial.Path)}.");
        }
        catch (HttpRequestException failure)
        {
            throw new InvalidOperationException($"{who} does not answer: {failure.Message}", failure);
        }
    }

    private HttpRequestMessage Request()
    {
        if (Text("IDENTITY_ENDPOINT") is { } endpoint)
        {
            var hosted = new HttpRequestMessage(HttpMethod.Get, $"{endpoint}?api-version=2019-08-01&resource={Vault}{OwnIdentity("client_id")}");
            hosted.Headers.Add("X-IDENTITY-HEADER", Text("IDENTITY_HEADER") ?? "");
            return hosted;
        }

        if (Text("AZURE_TENANT_ID") is { } tenant && Text("AZURE_CLIENT_ID") is { } client && Text("AZURE_CLIENT_SECRET") is { } secret)
        {
            return new HttpRequestMessage(HttpMethod.Post, $"{Text("AZURE_AUTHORITY_HOST")?.TrimEnd('/') ?? Authority}/{tenant}/oauth2/v2.0/token")
            {
                Content = new FormUrlEncodedContent(new Dictionary<string, string>
                {
                    ["grant_type"] = "client_credentials",
                    ["client_id"] = client,
                    ["client_secret"] = secret,
                    ["scope"] = Vault + "/.default",
                }),
            };
        }

        var machine = new HttpRequestMessage(HttpMethod.Get, Metadata + OwnIdentity("client_id"));
        machine.Headers.Add("Metadata", "true");
        return machine;
    }

    /// <summary>Where an app has several identities, the one that was named.</summary>
    private string OwnIdentity(string parameter) => Text("AZURE_CLIENT_ID") is { } client ? $"&{parameter}={client}" : "";

    private string? Text(string name) => setting(name) is { Length: > 0 } value ? value : null;
}
