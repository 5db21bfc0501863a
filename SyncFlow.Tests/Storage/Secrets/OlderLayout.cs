using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace SyncFlow.Tests.Storage.Secrets;

/// <summary>Seals as SyncFlow did before envelopes: key number, nonce, tag, text; bound to key number, tenant, connection.</summary>
internal static class OlderLayout
{
    public static byte[] Seal(byte[] key, byte number, long tenant, long connection, string secret)
    {
        var plain = Encoding.UTF8.GetBytes(secret);
        var owner = new byte[17];
        owner[0] = number;
        BinaryPrimitives.WriteInt64BigEndian(owner.AsSpan(1), tenant);
        BinaryPrimitives.WriteInt64BigEndian(owner.AsSpan(9), connection);
        var result = new byte[29 + plain.Length];
        result[0] = number;
        RandomNumberGenerator.Fill(result.AsSpan(1, 12));
        using var aes = new AesGcm(key, 16);
        aes.Encrypt(result.AsSpan(1, 12), plain, result.AsSpan(29), result.AsSpan(13, 16), owner);
        return result;
    }
}
