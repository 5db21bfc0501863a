using System.Security.Cryptography;
using System.Text.Json;

namespace SyncFlow.AppHost.Local;

/// <summary>Secrets of a local installation: made once, kept in a file that only its owner can read.</summary>
/// <param name="BootstrapApiKey">The API key that works until identities exist.</param>
/// <param name="SecretsKey">Base64 of the 32 bytes that encrypt stored credentials.</param>
/// <param name="ShopifyClientSecret">The client secret of the sandbox's Shopify app.</param>
internal sealed record LocalSecrets(string BootstrapApiKey, string SecretsKey, string ShopifyClientSecret)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Reads the file, or makes it.</summary>
    /// <exception cref="StartFailedException">The file is there but does not hold all secrets.</exception>
    public static LocalSecrets LoadOrCreate(string file)
    {
        if (!File.Exists(file))
        {
            var made = new LocalSecrets(
                "sf_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)),
                Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
                "shpss_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
            Write(file, made);
            return made;
        }

        try
        {
            var read = JsonSerializer.Deserialize<LocalSecrets>(File.ReadAllText(file), Json);
            if (read is { BootstrapApiKey.Length: > 0, SecretsKey.Length: > 0, ShopifyClientSecret.Length: > 0 })
            {
                return read;
            }
        }
        catch (JsonException)
        {
            // Said below, with what to do about it.
        }

        throw new StartFailedException($"{file} does not hold the secrets of this installation. Restore it, or start afresh with --clean.");
    }

    private static void Write(string file, LocalSecrets secrets)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var stream = new FileStream(file, options);
        JsonSerializer.Serialize(stream, secrets, Json);
    }
}
