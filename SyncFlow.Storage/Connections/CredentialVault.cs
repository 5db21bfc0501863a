using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using SyncFlow.Core;

namespace SyncFlow.Storage.Connections;

/// <summary>
/// Seals credentials for the database with AES-256-GCM. A sealed value opens only for the tenant and connection it was
/// sealed for, so it cannot be moved to another row. Layout: key id (1 byte), nonce (12), tag (16), text.
/// </summary>
public sealed class CredentialVault
{
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int HeadBytes = 1 + NonceBytes + TagBytes;

    private readonly Dictionary<byte, byte[]> _keys;
    private readonly byte _current;

    /// <param name="keys">Keys of 32 bytes by id; old ones stay until nothing is sealed with them.</param>
    /// <param name="current">The key that seals.</param>
    /// <exception cref="ArgumentException">A key has another length, or the current one is missing.</exception>
    public CredentialVault(IReadOnlyDictionary<byte, byte[]> keys, byte current)
    {
        ArgumentNullException.ThrowIfNull(keys);
        if (keys.Values.Any(k => k.Length != KeyBytes))
        {
            throw new ArgumentException("A secrets key has 32 bytes (base64 of them in the configuration).", nameof(keys));
        }

        if (!keys.ContainsKey(current))
        {
            throw new ArgumentException($"There is no secrets key with id {current}.", nameof(current));
        }

        _keys = keys.ToDictionary();
        _current = current;
    }

    /// <summary>A vault of one key, with id 1, from <c>SyncFlow__SecretsKey</c>.</summary>
    /// <exception cref="ArgumentException">It is not base64 of 32 bytes.</exception>
    public static CredentialVault FromBase64(string key)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key);
        var bytes = new byte[KeyBytes];
        return Convert.TryFromBase64String(key, bytes, out var written) && written == KeyBytes
            ? new CredentialVault(new Dictionary<byte, byte[]> { [1] = bytes }, 1)
            : throw new ArgumentException("The secrets key must be base64 of 32 bytes.", nameof(key));
    }

    /// <summary>Seals a secret for a connection.</summary>
    public byte[] Seal(TenantId tenant, ConnectionId connection, string secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        var plain = Encoding.UTF8.GetBytes(secret);
        var result = new byte[HeadBytes + plain.Length];
        result[0] = _current;
        var nonce = result.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_keys[_current], TagBytes);
        aes.Encrypt(nonce, plain, result.AsSpan(HeadBytes), result.AsSpan(1 + NonceBytes, TagBytes), Owner(_current, tenant, connection));
        CryptographicOperations.ZeroMemory(plain);
        return result;
    }

    /// <summary>Opens what <see cref="Seal"/> sealed for the same connection.</summary>
    /// <exception cref="CryptographicException">It was sealed for another connection or by another key, or was changed.</exception>
    public string Open(TenantId tenant, ConnectionId connection, ReadOnlySpan<byte> sealedSecret)
    {
        if (sealedSecret.Length < HeadBytes)
        {
            throw new CryptographicException("A sealed credential is too short to be one.");
        }

        if (!_keys.TryGetValue(sealedSecret[0], out var key))
        {
            throw new CryptographicException($"A credential was sealed with key {sealedSecret[0]}, which is not configured.");
        }

        var plain = new byte[sealedSecret.Length - HeadBytes];
        using var aes = new AesGcm(key, TagBytes);
        aes.Decrypt(
            sealedSecret.Slice(1, NonceBytes), sealedSecret[HeadBytes..], sealedSecret.Slice(1 + NonceBytes, TagBytes), plain,
            Owner(sealedSecret[0], tenant, connection));
        return Encoding.UTF8.GetString(plain);
    }

    private static byte[] Owner(byte key, TenantId tenant, ConnectionId connection)
    {
        var owner = new byte[17];
        owner[0] = key;
        BinaryPrimitives.WriteInt64BigEndian(owner.AsSpan(1), tenant.Value);
        BinaryPrimitives.WriteInt64BigEndian(owner.AsSpan(9), connection.Value);
        return owner;
    }
}
