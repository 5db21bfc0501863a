using Microsoft.Extensions.Configuration;

namespace SyncFlow.ServiceDefaults.Secrets;

/// <summary>Finds out where the master keys come from.</summary>
public static class SecretsExtensions
{
    /// <summary>Longest a process waits for Azure when it starts.</summary>
    private static readonly TimeSpan AzureLimit = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Reads the master keys from the one source that is configured: <see cref="EnvironmentContract.SecretsKey"/>,
    /// <see cref="EnvironmentContract.SecretsKeyFile"/> or <see cref="EnvironmentContract.SecretsKeyVault"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">None or several are configured, or the keys cannot be had.</exception>
    /// <exception cref="ArgumentException">What is configured are no keys.</exception>
    public static MasterKeys ReadMasterKeys(this IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        string? Setting(string variable) => configuration[variable.Replace("__", ":", StringComparison.Ordinal)] is { Length: > 0 } text ? text : null;
        (string Name, string? Value)[] all =
        [
            (EnvironmentContract.SecretsKey, Setting(EnvironmentContract.SecretsKey)),
            (EnvironmentContract.SecretsKeyFile, Setting(EnvironmentContract.SecretsKeyFile)),
            (EnvironmentContract.SecretsKeyVault, Setting(EnvironmentContract.SecretsKeyVault)),
        ];
        var given = all.Where(source => source.Value is not null).ToList();
        if (given.Count != 1)
        {
            throw new InvalidOperationException(
                given.Count == 0
                    ? $"{EnvironmentContract.SecretsKey} is not set (nor {EnvironmentContract.SecretsKeyFile}, nor {EnvironmentContract.SecretsKeyVault})."
                    : $"Secrets keys come from one place; set only one of {string.Join(", ", given.Select(source => source.Name))}.");
        }

        var (name, value) = given[0];
        switch (name)
        {
            case EnvironmentContract.SecretsKey:
                return new GivenKeys(value!).Read();
            case EnvironmentContract.SecretsKeyFile:
                return new FileKeys(value!).Read();
            default:
                using (var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = AzureLimit })
                {
                    return new KeyVaultKeys(http, Address(value!), new AzureToken(http, key => configuration[key]).Get).Read();
                }
        }
    }

    private static Uri Address(string text) => Uri.TryCreate(text, UriKind.Absolute, out var address)
        ? address
        : throw new InvalidOperationException(
            $"{EnvironmentContract.SecretsKeyVault} is '{text}'. It must be a secret's address, for example https://my-vault.vault.azure.net/secrets/syncflow.");
}
