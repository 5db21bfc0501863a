using SyncFlow.Channels.Shopify;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Publishing;
using SyncFlow.Worker.Fairness;

namespace SyncFlow.Worker;

/// <summary>How the worker runs; read from configuration once, at start.</summary>
public sealed record WorkerOptions
{
    /// <summary>Shopify Admin address with <c>{shop}</c> in it.</summary>
    public string ShopifyBaseUrl { get; init; } = "https://{shop}";

    /// <summary>Whether another server stands in for Shopify, as in a sandbox: then, and only then, the own network is called.</summary>
    public bool CallsStandIn => ShopifyBaseUrl != new WorkerOptions().ShopifyBaseUrl;

    /// <summary>Admin API version.</summary>
    public string ShopifyApiVersion { get; init; } = ShopifyAccess.CurrentVersion;

    /// <summary>The installed app, whose expiring access is renewed; null where there is none.</summary>
    public ShopifyApp? ShopifyApp { get; init; }

    /// <summary>Where shops send webhooks; null leaves subscriptions alone.</summary>
    public Uri? WebhookUrl { get; init; }

    /// <summary>Lag, cycle and poll of verification.</summary>
    public VerifySettings Verify { get; init; } = VerifySettings.Default;

    /// <summary>Longest wait until stored events are applied; after it the cycle begins anew.</summary>
    public TimeSpan ApplyLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Days that pushes are kept; whole weeks go when all of their days are older.</summary>
    public int PushDaysKept { get; init; } = PushRetention.DefaultDays;

    /// <summary>Runs carried out side by side: of one tenant all but one, and two while others wait.</summary>
    internal TenantSlots Runs { get; init; } = new(Most: 4, OfOne: 3, InCompany: 2);

    /// <summary>Reads the sections <c>Channels:Shopify</c>, <c>SyncFlow</c> and <c>Worker</c>.</summary>
    /// <exception cref="InvalidOperationException">A setting makes no sense.</exception>
    public static WorkerOptions Read(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var shopify = configuration.GetSection("Channels:Shopify");
        var defaults = new WorkerOptions();
        var publicUrl = configuration["SyncFlow:PublicUrl"];
        if (!string.IsNullOrEmpty(publicUrl) && !Uri.TryCreate(publicUrl, UriKind.Absolute, out _))
        {
            throw new InvalidOperationException($"SyncFlow:PublicUrl is '{publicUrl}'. It must be an absolute address, for example https://sync.example.com.");
        }

        var daysKept = configuration.GetValue<int?>("Worker:PushDaysKept") ?? defaults.PushDaysKept;
        if (daysKept < PushRetention.LeastDays)
        {
            throw new InvalidOperationException($"Worker:PushDaysKept is {daysKept}; pushes are kept for {PushRetention.LeastDays} days at least.");
        }

        return new WorkerOptions
        {
            PushDaysKept = daysKept,
            ShopifyBaseUrl = Text(shopify["BaseUrl"]) ?? defaults.ShopifyBaseUrl,
            ShopifyApiVersion = Text(shopify["ApiVersion"]) ?? defaults.ShopifyApiVersion,
            ShopifyApp = Text(shopify["ClientId"]) is { } id && Text(shopify["ClientSecret"]) is { } secret
                ? new ShopifyApp(Text(shopify["BaseUrl"]) ?? defaults.ShopifyBaseUrl, id, secret)
                : null,
            WebhookUrl = string.IsNullOrEmpty(publicUrl) ? null : new Uri(publicUrl.TrimEnd('/') + "/webhooks/shopify"),
            Verify = new VerifySettings(
                Milliseconds(shopify, "OrderVisibilityLagMs", defaults.Verify.Lag),
                Milliseconds(configuration.GetSection("Worker"), "VerifyEveryMs", defaults.Verify.Every),
                Milliseconds(configuration.GetSection("Worker"), "PollEveryMs", defaults.Verify.PollEvery)),
            Runs = ReadRuns(configuration.GetSection("Worker"), defaults.Runs),
        };
    }

    private static TenantSlots ReadRuns(IConfigurationSection worker, TenantSlots fallback)
    {
        var most = worker.GetValue("RunsAtOnce", fallback.Most);
        var inCompany = worker.GetValue("RunsOfOneMerchant", Math.Min(fallback.InCompany, Math.Max(1, most / 2)));
        return most >= 1 && inCompany >= 1 && inCompany <= most
            ? new TenantSlots(most, Math.Max(inCompany, most - 1), inCompany)
            : throw new InvalidOperationException(
                $"Worker:RunsAtOnce is {most} and Worker:RunsOfOneMerchant {inCompany}; both must be at least 1, and the second no more than the first.");
    }

    private static string? Text(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;

    private static TimeSpan Milliseconds(IConfiguration section, string key, TimeSpan fallback)
    {
        var value = section.GetValue<int?>(key);
        return value switch
        {
            null => fallback,
            >= 0 => TimeSpan.FromMilliseconds(value.Value),
            _ => throw new InvalidOperationException($"{key} is {value}; it must not be negative."),
        };
    }
}
