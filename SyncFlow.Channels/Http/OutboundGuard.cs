using System.Net;
using System.Net.Sockets;

namespace SyncFlow.Channels.Http;

/// <summary>
/// Keeps calls to addresses that merchants name out of the network we run in. It judges the address that is connected
/// to, after the name was resolved: neither a name that resolves inside, nor one that changes between two looks, nor a
/// redirect gets past it.
/// </summary>
public static class OutboundGuard
{
    private static readonly TimeSpan ConnectionLife = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(10);

    // https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry: what is not global.
    private static readonly IPNetwork[] Inside =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "::/128", "::1/128", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10", "ff00::/8",
        }.Select(IPNetwork.Parse),
    ];

    /// <summary>A handler that never follows a redirect, and connects only to public addresses.</summary>
    /// <param name="allowInside">Whether addresses of the own network are allowed: for sandboxes and tests.</param>
    public static SocketsHttpHandler CreateHandler(bool allowInside) => new()
    {
        AllowAutoRedirect = false, // A token must not follow a redirect.
        PooledConnectionLifetime = ConnectionLife,
        ConnectTimeout = ConnectLimit,
        UseProxy = false, // A proxy would resolve the name itself, out of our sight.
        ConnectCallback = (context, ct) => ConnectAsync(context.DnsEndPoint, allowInside, ct),
    };

    /// <summary>Whether an address lies in the public internet.</summary>
    public static bool IsPublic(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var real = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return !Inside.Any(network => network.Contains(real));
    }

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint target, bool allowInside, CancellationToken ct)
    {
        var addresses = IPAddress.TryParse(target.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(target.Host, ct).ConfigureAwait(false);
        var allowed = Array.FindAll(addresses, address => allowInside || IsPublic(address));
        if (allowed.Length == 0)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, $"{target.Host} is no public address; calls into the own network are refused.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, target.Port, ct).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
