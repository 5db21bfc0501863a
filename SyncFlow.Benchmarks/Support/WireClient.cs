using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SyncFlow.Benchmarks.Support;

/// <summary>
/// One connection that posts requests written beforehand: the client must cost little beside the server on the same cores.
/// It understands answers without a body, which is what an accepted webhook gets.
/// </summary>
internal sealed class WireClient(Uri server) : IDisposable
{
    private static readonly byte[] HeadEnd = "\r\n\r\n"u8.ToArray();

    private readonly Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] answer = new byte[4_096];

    public async Task ConnectAsync(CancellationToken ct) =>
        await socket.ConnectAsync(IPAddress.Parse(server.Host), server.Port, ct).ConfigureAwait(false);

    /// <summary>Sends a request and waits for its answer; returns the status.</summary>
    public async Task<int> PostAsync(ReadOnlyMemory<byte> request, CancellationToken ct)
    {
        for (var sent = 0; sent < request.Length;)
        {
            sent += await socket.SendAsync(request[sent..], ct).ConfigureAwait(false);
        }

        var length = 0;
        while (answer.AsSpan(0, length).IndexOf(HeadEnd) < 0)
        {
            var read = await socket.ReceiveAsync(answer.AsMemory(length), ct).ConfigureAwait(false);
            length += read > 0 ? read : throw new CheckFailedException("the server closed a connection.");
        }

        return int.Parse(answer.AsSpan("HTTP/1.1 ".Length, 3), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>A whole request: head and body.</summary>
    public static byte[] Request(Uri server, string path, IEnumerable<(string Name, string Value)> headers, byte[] body)
    {
        var head = new StringBuilder();
        head.Append($"POST {path} HTTP/1.1\r\nHost: {server.Authority}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n");
        foreach (var (name, value) in headers)
        {
            head.Append($"{name}: {value}\r\n");
        }

        head.Append("\r\n");
        return [.. Encoding.ASCII.GetBytes(head.ToString()), .. body];
    }

    public void Dispose() => socket.Dispose();
}
