using System.Net;
using System.Net.Sockets;

namespace SyncFlow.AppHost.Servers;

/// <summary>Free TCP ports on the loopback address.</summary>
internal static class LoopbackPorts
{
    /// <summary>
    /// A port that was free a moment ago. Another process may take it before its user binds it, so servers that start
    /// on one are retried on another.
    /// </summary>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary><paramref name="wanted"/> if nobody listens on it, else another free port.</summary>
    public static int Prefer(int wanted)
    {
        using var listener = new TcpListener(IPAddress.Loopback, wanted);
        try
        {
            listener.Start();
            return wanted;
        }
        catch (SocketException)
        {
            return Free();
        }
    }
}
