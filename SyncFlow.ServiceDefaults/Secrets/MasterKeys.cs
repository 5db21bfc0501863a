namespace SyncFlow.ServiceDefaults.Secrets;

/// <summary>The keys that wrap the data keys of stored secrets. They live in the memory of a process, never in the database.</summary>
public sealed class MasterKeys
{
    /// <summary>Length of a key, bytes (AES-256).</summary>
    public const int KeyBytes = 32;

    /// <summary>Longest id of a key.</summary>
    public const int LongestId = 64;

    /// <param name="current">Id of the key that seals.</param>
    /// <param name="keys">All keys by id; old ones stay until nothing is sealed with them.</param>
    /// <exception cref="ArgumentException">A key has another length, an id another form, or the current key is missing.</exception>
    public MasterKeys(string current, IReadOnlyDictionary<string, byte[]> keys)
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(keys);
        if (!keys.ContainsKey(current))
        {
            throw new ArgumentException($"There is no secrets key with id '{current}'.", nameof(current));
        }

        if (keys.FirstOrDefault(pair => !IsId(pair.Key)).Key is { } wrong)
        {
            throw new ArgumentException($"'{wrong}' is no id of a secrets key: 1 to {LongestId} letters, digits, '-' or '_'.", nameof(keys));
        }

        if (keys.FirstOrDefault(pair => pair.Value.Length != KeyBytes).Key is { } wrongLength)
        {
            throw new ArgumentException($"The secrets key '{wrongLength}' must be base64 of {KeyBytes} bytes.", nameof(keys));
        }

        Current = current;
        Keys = keys;
    }

    /// <summary>Id of the key that seals.</summary>
    public string Current { get; }

    /// <summary>All keys by id.</summary>
    public IReadOnlyDictionary<string, byte[]> Keys { get; }

    /// <summary>
    /// Reads keys written as <c>id:base64</c>, parted by commas or line ends; the first one is current. Lines that begin
    /// with <c>#</c> are remarks. A single key may go without an id and then has the id <c>1</c>.
    /// </summary>
    /// <exception cref="ArgumentException">It is not such a text. The message names ids and lines, never a key.</exception>
    public static MasterKeys Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split([',', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(part => part[0] != '#').ToList();
        var keys = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        string? current = null;
        foreach (var (index, part) in parts.Index())
        {
            var colon = part.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0 && parts.Count > 1)
            {
                throw new ArgumentException($"Secrets key {index + 1} has no id; write it as 'id:base64'.", nameof(text));
            }

            var id = colon < 0 ? "1" : part[..colon].Trim();
            if (!keys.TryAdd(id, Decode(id, part[(colon + 1)..].Trim())))
            {
                throw new ArgumentException($"There are two secrets keys with id '{id}'.", nameof(text));
            }

            current ??= id;
        }

        return new MasterKeys(current ?? throw new ArgumentException("There is no secrets key.", nameof(text)), keys);
    }

    internal static byte[] Decode(string id, string base64)
    {
        var bytes = new byte[KeyBytes + 1];
        return Convert.TryFromBase64String(base64, bytes, out var written) && written == KeyBytes
            ? bytes[..KeyBytes]
            : throw new ArgumentException($"The secrets key '{id}' must be base64 of {KeyBytes} bytes.", nameof(base64));
    }

    private static bool IsId(string id) =>
        id.Length is > 0 and <= LongestId && id.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_');
}
