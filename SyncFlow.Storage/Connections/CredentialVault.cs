using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SyncFlow.Core;
using SyncFlow.Storage.Secrets;

namespace SyncFlow.Storage.Connections;

/// <summary>
/// Seals secrets for the database by envelope encryption: each secret has a data key of its own (AES-256-GCM), and the
/// data key is wrapped by a master key that the database never sees. Both are bound to the secret's owner.
/// </summary>
/// <remarks>
/// Layout: 0xE1, length of the master key's id, the id, the wrapped data key (60 bytes), then nonce (12), tag (16) and
/// text. What was sealed before envelopes (master key's number in one byte, nonce, tag, text) still opens.
/// </remarks>
public sealed class CredentialVault
{
    /// <summary>First byte of an envelope; no key of the older layout has this number.</summary>
    private const byte Envelope = 0xE1;

    private const int WrappedBytes = Sealing.HeadBytes + Sealing.KeyBytes;

    private readonly Dictionary<string, byte[]> _keys;

    /// <param name="keys">Master keys of 32 bytes by id; old ones stay until nothing is sealed with them.</param>
    /// <param name="current">Id of the key that seals.</param>
    /// <exception cref="ArgumentException">A key has another length, or the current one is missing.</exception>
    public CredentialVault(IReadOnlyDictionary<string, byte[]> keys, string current)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(current);
        if (keys.Any(pair => pair.Value.Length != Sealing.KeyBytes || pair.Key.Length is 0 or > byte.MaxValue || !Ascii.IsValid(pair.Key)))
        {
            throw new ArgumentException("A secrets key has 32 bytes and an id of ASCII letters.", nameof(keys));
        }

        if (!keys.ContainsKey(current))
        {
            throw new ArgumentException($"There is no secrets key with id {current}.", nameof(current));
        }

        _keys = keys.ToDictionary(StringComparer.Ordinal);
        CurrentKey = current;
    }

    /// <summary>Id of the master key that seals.</summary>
    public string CurrentKey { get; }

    /// <summary>A vault of one key, with id 1.</summary>
    /// <exception cref="ArgumentException">It is not base64 of 32 bytes.</exception>
    public static CredentialVault FromBase64(string key)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key);
        var bytes = new byte[Sealing.KeyBytes];
        return Convert.TryFromBase64String(key, bytes, out var written) && written == Sealing.KeyBytes
            ? new CredentialVault(new Dictionary<string, byte[]> { ["1"] = bytes }, "1")
            : throw new ArgumentException("The secrets key must be base64 of 32 bytes.", nameof(key));
    }

    /// <summary>Seals access of a connection.</summary>
    public byte[] Seal(TenantId tenant, ConnectionId connection, string secret) =>
        Seal(SecretOwner.Credential(tenant, connection), secret);

    /// <summary>Seals a secret for its owner.</summary>
    public byte[] Seal(SecretOwner owner, string secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        var plain = Encoding.UTF8.GetBytes(secret);
        var dataKey = RandomNumberGenerator.GetBytes(Sealing.KeyBytes);
        try
        {
            var bound = owner.Bytes(CurrentKey);
            var head = 2 + CurrentKey.Length;
            var result = new byte[head + WrappedBytes + Sealing.HeadBytes + plain.Length];
            result[0] = Envelope;
            result[1] = (byte)CurrentKey.Length;
            Encoding.ASCII.GetBytes(CurrentKey, result.AsSpan(2));
            Sealing.Seal(_keys[CurrentKey], dataKey, bound, result.AsSpan(head, WrappedBytes));
            Sealing.Seal(dataKey, plain, bound, result.AsSpan(head + WrappedBytes));
            return result;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
            CryptographicOperations.ZeroMemory(dataKey);
        }
    }

    /// <summary>Opens access of a connection.</summary>
    /// <exception cref="CryptographicException">As for <see cref="Open(SecretOwner, ReadOnlySpan{byte})"/>.</exception>
    public string Open(TenantId tenant, ConnectionId connection, ReadOnlySpan<byte> sealedSecret) =>
        Open(SecretOwner.Credential(tenant, connection), sealedSecret);

    /// <summary>Opens what <see cref="Seal(SecretOwner, string)"/> sealed for the same owner.</summary>
    /// <exception cref="CryptographicException">It was sealed for another owner or by another key, or was changed.</exception>
    public string Open(SecretOwner owner, ReadOnlySpan<byte> sealedSecret)
    {
        var (id, rest) = Split(sealedSecret);
        if (!_keys.TryGetValue(id, out var master))
        {
            throw new CryptographicException($"A secret was sealed with key {id}, which is not configured.");
        }

        if (sealedSecret[0] != Envelope)
        {
            return Encoding.UTF8.GetString(Sealing.Open(master, rest, OlderOwner(sealedSecret[0], owner)));
        }

        if (rest.Length < WrappedBytes)
        {
            throw new CryptographicException("A sealed secret is too short to be one.");
        }

        var bound = owner.Bytes(id);
        var dataKey = Sealing.Open(master, rest[..WrappedBytes], bound);
        try
        {
            return Encoding.UTF8.GetString(Sealing.Open(dataKey, rest[WrappedBytes..], bound));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dataKey);
        }
    }

    /// <summary>Whether a secret is an envelope under the current key; if not, rotation seals it anew.</summary>
    public bool IsCurrent(ReadOnlySpan<byte> sealedSecret) =>
        sealedSecret.Length > 0 && sealedSecret[0] == Envelope && Split(sealedSecret).Id == CurrentKey;

    /// <summary>The id of the master key, and what follows it.</summary>
    private static Parts Split(ReadOnlySpan<byte> sealedSecret)
    {
        if (sealedSecret.Length < 2)
        {
            throw new CryptographicException("A sealed secret is too short to be one.");
        }

        if (sealedSecret[0] != Envelope)
        {
            return new Parts(sealedSecret[0].ToString(CultureInfo.InvariantCulture), sealedSecret[1..]);
        }

        var head = 2 + sealedSecret[1];
        return sealedSecret.Length >= head
            ? new Parts(Encoding.ASCII.GetString(sealedSecret[2..head]), sealedSecret[head..])
            : throw new CryptographicException("A sealed secret is too short to be one.");
    }

    /// <summary>What the layout before envelopes was bound to.</summary>
    private static byte[] OlderOwner(byte key, SecretOwner owner)
    {
        var bytes = new byte[17];
        bytes[0] = key;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(1), owner.Tenant.Value);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(9), owner.Id);
        return bytes;
    }

    private readonly ref struct Parts(string id, ReadOnlySpan<byte> rest)
    {
        public string Id { get; } = id;

        public ReadOnlySpan<byte> Rest { get; } = rest;

        public void Deconstruct(out string id, out ReadOnlySpan<byte> rest)
        {
            id = Id;
            rest = Rest;
        }
    }
}
