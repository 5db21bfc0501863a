using System.Net;
using System.Net.Sockets;
using SyncFlow.Channels.Http;

namespace SyncFlow.Worker.Sources.Capture;

/// <summary>
/// Which database servers may be called. Merchants name them, so by default only public addresses are: whoever runs
/// SyncFlow says which addresses of the own network may be called too (<c>Sources:Capture:AllowedNetworks</c>).
/// </summary>
/// <param name="allowed">Networks that may be called beside public addresses.</param>
internal sealed class DatabaseHosts(IReadOnlyList<IPNetwork> allowed)
{
    private const string Setting = "Sources:Capture:AllowedNetworks";

    /// <summary>Reads the setting: networks with commas between them, for example <c>10.20.0.0/16,192.0.2.7/32</c>.</summary>
    /// <exception cref="InvalidOperationException">One of them is no network.</exception>
    public static DatabaseHosts Read(IConfiguration configuration) => new(
    [
        .. (configuration[Setting] ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(text =>
            IPNetwork.TryParse(text, out var network)
                ? network
                : throw new InvalidOperationException($"{Setting} has '{text}', which is no network such as 10.20.0.0/16.")),
    ]);

    /// <summary>An address of a host that may be called; null where it has none.</summary>
    /// <exception cref="SocketException">The name cannot be resolved.</exception>
    public async Task<IPAddress?> FindAsync(string host, CancellationToken ct)
    {
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, ct).ConfigureAwait(false);

        // All of them: a name that leads inside and outside would be called where its owner likes.
        return addresses.Length > 0 && addresses.All(MayCall) ? addresses[0] : null;
    }

    private bool MayCall(IPAddress address)
    {
        var real = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return OutboundGuard.IsPublic(real) || allowed.Any(network => network.Contains(real));
    }
}
