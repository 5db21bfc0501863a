using System.Globalization;

namespace SyncFlow.AppHost.Local;

/// <summary>What a local run supplies to its services.</summary>
/// <param name="Postgres">Connection string of the database.</param>
/// <param name="Redis">Address of Redis.</param>
/// <param name="Secrets">The installation's secrets.</param>
/// <param name="Urls">Base address of each service, by resource name.</param>
/// <param name="Sandbox">Whether the simulator runs.</param>
/// <param name="Folder">Gives a service's own folder by its resource name.</param>
internal sealed record ServiceEnvironment(
    string Postgres,
    string Redis,
    LocalSecrets Secrets,
    IReadOnlyDictionary<string, string> Urls,
    bool Sandbox,
    Func<string, string> Folder)
{
    /// <summary>The variables of a service; what is not supplied keeps the value of our own environment.</summary>
    public Dictionary<string, string?> Of(Service service)
    {
        var values = new Dictionary<string, string?>();
        foreach (var variable in service.Variables)
        {
            if (Value(service, variable.Supply) is { } value)
            {
                values[variable.Name] = value;
            }
        }

        return values;
    }

    private string? Value(Service service, Supply supply) => supply switch
    {
        Supply.Postgres => Postgres,
        Supply.Redis => Redis,
        Supply.OwnUrl => Urls[service.Resource],
        // Real channels reach the API under an address that only the person who runs it knows.
        Supply.ApiUrl => Inherited(EnvironmentContract.PublicUrl) ?? Urls[EnvironmentContract.ApiResource],
        Supply.SandboxShopifyUrl => Sandbox ? Urls[EnvironmentContract.SimulatorResource] + ServiceContract.SandboxShopifyPath : null,
        Supply.SandboxVisibilityLag => Inherited(EnvironmentContract.ShopifyOrderVisibilityLagMs)
            ?? (Sandbox ? ServiceContract.SandboxVisibilityLagMs : null),
        Supply.SandboxRetryScale => ServiceContract.SandboxRetryTimeScale,
        Supply.BootstrapApiKey => Secrets.BootstrapApiKey,
        Supply.SecretsKey => Inherited(EnvironmentContract.SecretsKey) ?? Secrets.SecretsKey,
        // Without a sandbox the secret is that of a real app, and comes from outside.
        Supply.ShopifyClientSecret => Sandbox ? Secrets.ShopifyClientSecret : Inherited(EnvironmentContract.ShopifyClientSecret),
        Supply.ShopifyClientId => Sandbox ? ServiceContract.SandboxShopifyClientId : Inherited(EnvironmentContract.ShopifyClientId),
        Supply.DataFolder => Folder(service.Resource),
        Supply.HostProcess => Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
    };

    private static string? Inherited(string variable)
    {
        return Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;
    }
}
