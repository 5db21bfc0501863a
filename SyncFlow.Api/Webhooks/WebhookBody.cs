using System.Buffers;

namespace SyncFlow.Api.Webhooks;

/// <summary>A webhook's body as it came, in memory lent by the pool.</summary>
internal readonly struct WebhookBody
{
    /// <summary>Room that a body of unknown length begins with.</summary>
    private const int FirstBytes = 16 << 10;

    private readonly byte[] lent;
    private readonly int length;

    private WebhookBody(byte[] lent, int length) => (this.lent, this.length) = (lent, length);

    public ReadOnlyMemory<byte> Bytes => lent.AsMemory(0, length);

    /// <summary>Gives the memory back; nobody may look at it any more.</summary>
    public void Return() => ArrayPool<byte>.Shared.Return(lent);

    /// <summary>The body, if all of it is here already: as a rule it comes with its head.</summary>
    public static WebhookBody? InHand(HttpRequest request)
    {
        if (!request.BodyReader.TryRead(out var read))
        {
            return null;
        }

        if (!read.IsCompleted || read.Buffer.Length > ReceiveShopifyWebhook.MostBytes)
        {
            request.BodyReader.AdvanceTo(read.Buffer.Start);
            return null;
        }

        var length = (int)read.Buffer.Length;
        var lent = ArrayPool<byte>.Shared.Rent(length);
        read.Buffer.CopyTo(lent);
        request.BodyReader.AdvanceTo(read.Buffer.End);
        return new WebhookBody(lent, length);
    }

    /// <summary>
    /// The body as it comes, or null where it is over the limit or its reading was stopped; a sender may leave its length out.
    /// </summary>
    public static async Task<WebhookBody?> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        var lent = ArrayPool<byte>.Shared.Rent((int)(request.ContentLength ?? FirstBytes));
        var length = 0;
        try
        {
            while (true)
            {
                var read = await request.BodyReader.ReadAsync(ct).ConfigureAwait(false);
                if (read.IsCanceled || length + read.Buffer.Length > ReceiveShopifyWebhook.MostBytes)
                {
                    request.BodyReader.AdvanceTo(read.Buffer.End);
                    return null;
                }

                lent = Larger(lent, length, (int)(length + read.Buffer.Length));
                read.Buffer.CopyTo(lent.AsSpan(length));
                length += (int)read.Buffer.Length;
                request.BodyReader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    var body = new WebhookBody(lent, length);
                    lent = [];
                    return body;
                }
            }
        }
        finally
        {
            if (lent.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(lent);
            }
        }
    }

    private static byte[] Larger(byte[] lent, int used, int needed)
    {
        if (needed <= lent.Length)
        {
            return lent;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, lent.Length * 2));
        lent.AsSpan(0, used).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(lent);
        return larger;
    }
}
