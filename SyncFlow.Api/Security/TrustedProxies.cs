using System.Net;
using Microsoft.AspNetCore.HttpOverrides;

namespace SyncFlow.Api.Security;

/// <summary>
/// Proxies whose word about a caller's address counts. Without any, the address is that of the connection: anybody can
/// write a header.
/// </summary>
internal static class TrustedProxies
{
    /// <summary>Addresses of proxies, parted by commas.</summary>
    public const string Addresses = "Forwarded:Proxies";

    /// <summary>Networks in which every address is a proxy, parted by commas, each as <c>10.0.0.0/8</c>.</summary>
    public const string Networks = "Forwarded:Networks";

    /// <summary>Takes caller and scheme from <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> where a known proxy wrote them.</summary>
    /// <exception cref="InvalidOperationException">A setting names no address, or no network.</exception>
    public static void UseTrustedProxies(this WebApplication app)
    {
        var proxies = Parts(app.Configuration, Addresses).Select(text => IPAddress.TryParse(text, out var address)
            ? address
            : throw new InvalidOperationException($"{Addresses}: '{text}' is no address.")).ToList();
        var networks = Parts(app.Configuration, Networks).Select(text => System.Net.IPNetwork.TryParse(text, out var network)
            ? network
            : throw new InvalidOperationException($"{Networks}: '{text}' is no network, such as 10.0.0.0/8.")).ToList();
        if (proxies.Count == 0 && networks.Count == 0)
        {
            return;
        }

        // As many proxies in a row as there are: the first address from the end that is none of ours is the caller's.
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
            ForwardLimit = null,
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        proxies.ForEach(options.KnownProxies.Add);
        networks.ForEach(options.KnownIPNetworks.Add);
        app.UseForwardedHeaders(options);
    }

    private static string[] Parts(IConfiguration configuration, string setting) =>
        (configuration[setting] ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
