using System.Security.Cryptography;

namespace SyncFlow.Storage.Secrets;

/// <summary>AES-256-GCM over a span: nonce (12), tag (16), text.</summary>
internal static class Sealing
{
    internal const int KeyBytes = 32;
    internal const int HeadBytes = NonceBytes + TagBytes;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <summary>Writes nonce, tag and text; the target is <see cref="HeadBytes"/> longer than the plain text.</summary>
    internal static void Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> owner, Span<byte> target)
    {
        var nonce = target[..NonceBytes];
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(nonce, plain, target[HeadBytes..], target.Slice(NonceBytes, TagBytes), owner);
    }

    /// <summary>The plain text.</summary>
    /// <exception cref="CryptographicException">Another key or owner, or a changed byte.</exception>
    internal static byte[] Open(ReadOnlySpan<byte> key, ReadOnlySpan<byte> text, ReadOnlySpan<byte> owner)
    {
        if (text.Length < HeadBytes)
        {
            throw new CryptographicException("A sealed secret is too short to be one.");
        }

        var plain = new byte[text.Length - HeadBytes];
        using var aes = new AesGcm(key, TagBytes);
        aes.Decrypt(text[..NonceBytes], text[HeadBytes..], text.Slice(NonceBytes, TagBytes), plain, owner);
        return plain;
    }
}
