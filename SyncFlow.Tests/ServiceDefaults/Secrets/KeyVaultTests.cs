using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Shouldly;
using SyncFlow.ServiceDefaults.Secrets;
using Xunit;

namespace SyncFlow.Tests.ServiceDefaults.Secrets;

/// <summary>Against a small server that answers as Key Vault's and the hosted identity's REST APIs are documented.</summary>
public sealed class KeyVaultTests
{
    private static readonly string One = Convert.ToBase64String(new byte[32]);

    private static readonly string Two = Convert.ToBase64String([1, .. new byte[31]]);

    [Fact]
    public async Task The_newest_enabled_version_seals_and_older_ones_still_open()
    {
        await using var azure = await AzureAsync();
        var keys = Configuration(azure).ReadMasterKeys();
        (keys.Current, string.Join(' ', keys.Keys.Keys.Order())).ShouldBe(("v2", "v1 v2"), "v3 is disabled");
        keys.Keys["v2"][0].ShouldBe((byte)1);
    }

    [Fact]
    public async Task A_refusal_is_told_without_the_token()
    {
        await using var azure = await AzureAsync();
        var wrong = Configuration(azure, "wrong header");
        Should.Throw<InvalidOperationException>(() => wrong.ReadMasterKeys()).Message.ShouldContain("401");
    }

    private static IConfiguration Configuration(WebApplication azure, string header = "identity header")
    {
        var address = azure.Urls.First();
        return new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["SyncFlow:SecretsKeyVault"] = $"{address}/secrets/syncflow",
            ["IDENTITY_ENDPOINT"] = $"{address}/identity",
            ["IDENTITY_HEADER"] = header,
        }).Build();
    }

    private static async Task<WebApplication> AzureAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        string Secret(string version) => $"{app.Urls.First()}/secrets/syncflow/{version}";
        object Version(string id, bool enabled, int created) => new { id = Secret(id), attributes = new { enabled, created } };
        bool Known(HttpRequest request) => request.Headers.Authorization == "Bearer azure-token" && request.Query["api-version"] == "7.4";

        app.MapGet("/identity", (HttpRequest request) =>
            request.Headers["X-IDENTITY-HEADER"] == "identity header" && request.Query["resource"] == "https://vault.azure.net"
                ? Results.Json(new { access_token = "azure-token" })
                : Results.Unauthorized());
        app.MapGet("/secrets/syncflow/versions", (HttpRequest request) =>
            !Known(request) ? Results.Unauthorized()
            : request.Query.ContainsKey("page") ? Results.Json(new { value = new[] { Version("v2", true, 200), Version("v3", false, 300) } })
            : Results.Json(new { value = new[] { Version("v1", true, 100) }, nextLink = $"{Secret("versions")}?api-version=7.4&page=2" }));
        app.MapGet("/secrets/syncflow/{version}", (string version, HttpRequest request) =>
            Known(request) ? Results.Json(new { value = version == "v1" ? One : Two }) : Results.Unauthorized());
        await app.StartAsync();
        return app;
    }
}
