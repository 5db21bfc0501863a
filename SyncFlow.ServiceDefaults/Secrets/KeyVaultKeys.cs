using System.Net.Http.Headers;
using System.Text.Json;

namespace SyncFlow.ServiceDefaults.Secrets;

/// <summary>
/// Keys kept as the versions of one secret in Azure Key Vault (<see cref="EnvironmentContract.SecretsKeyVault"/>): each
/// version's value is base64 of 32 bytes, its version id is the key's id, and the newest one that is enabled seals. Read
/// by Key Vault's REST API 7.4; no library is needed for two GETs.
/// </summary>
/// <param name="http">Must not follow redirects: the token would go along.</param>
/// <param name="secret">The secret's address, for example <c>https://my-vault.vault.azure.net/secrets/syncflow</c>.</param>
/// <param name="token">Gives a token for Key Vault.</param>
public sealed class KeyVaultKeys(HttpClient http, Uri secret, Func<string> token) : IMasterKeySource
{
    private const string ApiVersion = "api-version=7.4";

    /// <summary>Pages of versions that are read; a page holds up to 25.</summary>
    private const int MostPages = 40;

    /// <inheritdoc/>
    public MasterKeys Read()
    {
        var bearer = token();
        var newest = default((string Id, long Created));
        var keys = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var page = new Uri($"{secret.AbsoluteUri.TrimEnd('/')}/versions?{ApiVersion}");
        for (var count = 0; page is not null; count++)
        {
            if (count == MostPages)
            {
                throw new InvalidOperationException($"{secret} has more versions than are read ({MostPages} pages): delete old ones.");
            }

            using var versions = Get(page, bearer);
            foreach (var (id, created) in Enabled(versions.RootElement))
            {
                using var version = Get(new Uri($"{secret.AbsoluteUri.TrimEnd('/')}/{id}?{ApiVersion}"), bearer);
                keys.Add(id, MasterKeys.Decode(id, version.RootElement.GetProperty("value").GetString() ?? ""));
                newest = newest.Id is null || created > newest.Created ? (id, created) : newest;
            }

            page = Next(versions.RootElement);
        }

        return newest.Id is { } current
            ? new MasterKeys(current, keys)
            : throw new InvalidOperationException($"{secret} has no enabled version.");
    }

    private static IEnumerable<(string Id, long Created)> Enabled(JsonElement page) =>
        from version in page.GetProperty("value").EnumerateArray()
        let attributes = version.GetProperty("attributes")
        where attributes.GetProperty("enabled").GetBoolean()
        select (version.GetProperty("id").GetString()!.Split('/')[^1], attributes.GetProperty("created").GetInt64());

    /// <summary>The next page, only on the vault's own host: the token goes nowhere else.</summary>
    private Uri? Next(JsonElement page)
    {
        if (!page.TryGetProperty("nextLink", out var link) || link.GetString() is not { Length: > 0 } next)
        {
            return null;
        }

        var address = new Uri(next);
        return address.Authority == secret.Authority && address.Scheme == secret.Scheme
            ? address
            : throw new InvalidOperationException($"{secret} continues on another host, {address.Host}.");
    }

    private JsonDocument Get(Uri address, string bearer)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        return AzureToken.Send(http, request, "Key Vault");
    }
}
