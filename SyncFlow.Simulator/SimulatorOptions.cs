namespace SyncFlow.Simulator;

/// <summary>How a sandbox is built and run; the keys of the configuration section <c>Simulator</c>.</summary>
public sealed record SimulatorOptions
{
    /// <summary>Addresses to listen on; port 0 takes a free one.</summary>
    public string Urls { get; init; } = "http://127.0.0.1:0";

    /// <summary>Where the world is journalled; null keeps it in memory only.</summary>
    public string? DataFolder { get; init; }

    /// <summary>The app's client id: whom session tokens are made for.</summary>
    public string ShopifyClientId { get; init; } = "sandbox-client-id";

    /// <summary>The app's client secret: signs webhooks and session tokens.</summary>
    public string ShopifyClientSecret { get; init; } = "sandbox-client-secret";

    /// <summary>The token of the Partner API's client.</summary>
    public string PartnerToken { get; init; } = "sandbox-partner-token";

    /// <summary>The app's id in the Partner API.</summary>
    public string PartnerAppId { get; init; } = "gid://partners/App/1";

    /// <summary>Handle of the meter of the app's plans.</summary>
    public string Meter { get; init; } = "syncs";

    /// <summary>Drives catalog, ids, faults and buyers.</summary>
    public int Seed { get; init; } = 20261121;

    /// <summary>Stores to build, 1 to 50. The first holds the physical stock.</summary>
    public int Stores { get; init; } = 3;

    /// <summary>SKUs that all stores share, 1 to 100,000.</summary>
    public int Skus { get; init; } = 200;

    /// <summary>Fewest and most units of a SKU that physically exist at the start.</summary>
    public int MinStock { get; init; } = 20;

    public int MaxStock { get; init; } = 400;

    /// <summary>Locations of the first store, 1 to 10; the others have one.</summary>
    public int MainLocations { get; init; } = 2;

    /// <summary>Adds the catalog's usual dirt to the second store: a duplicate SKU, a blank one, an untracked item.</summary>
    public bool DirtyCatalog { get; init; } = true;

    /// <summary>Factor on the waits between webhook retries; 1 is Shopify's 4 hours.</summary>
    public double RetryTimeScale { get; init; } = 1;

    /// <summary>How long a bulk query takes.</summary>
    public int BulkDurationMs { get; init; } = 500;

    /// <summary>Size at which the journal is compacted into a snapshot, bytes.</summary>
    public long CompactAtBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Throws when a setting makes no sense.</summary>
    public void Validate()
    {
        Range(nameof(Stores), Stores, 1, 50);
        Range(nameof(Skus), Skus, 1, 100_000);
        Range(nameof(MinStock), MinStock, 0, MaxStock);
        Range(nameof(MaxStock), MaxStock, MinStock, 1_000_000);
        Range(nameof(MainLocations), MainLocations, 1, 10);
        Range(nameof(BulkDurationMs), BulkDurationMs, 0, 3_600_000);
        if (RetryTimeScale is < 0 or > 1 || double.IsNaN(RetryTimeScale))
        {
            throw new ArgumentException($"Simulator:{nameof(RetryTimeScale)} must lie between 0 and 1");
        }
    }

    private static void Range(string name, int value, int min, int max)
    {
        if (value < min || value > max)
        {
            throw new ArgumentException($"Simulator:{name} must lie between {min} and {max}, but is {value}");
        }
    }
}
