using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SyncFlow.Api.Security;

/// <summary>Secrets that callers show: API keys, session tokens, links. Only their SHA-256 is stored.</summary>
internal static class Secrets
{
    /// <summary>Before API keys.</summary>
    public const string Key = "sfk_";

    /// <summary>Before keys of super admins.</summary>
    public const string Platform = "sfp_";

    /// <summary>Longer texts are no secrets of ours; they are not even hashed.</summary>
    public const int Longest = 512;

    /// <summary>256 bits: nobody guesses them, so a fast hash is enough.</summary>
    private const int Bytes = 32;

    private const int HintLetters = 10;

    /// <summary>A new secret.</summary>
    /// <param name="kind">What stands before it, so that people and scanners tell kinds apart.</param>
    public static string Make(string kind) => kind + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>What is stored of a secret.</summary>
    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>How a secret begins, for people.</summary>
    public static string Hint(string secret) => secret[..HintLetters];
}
