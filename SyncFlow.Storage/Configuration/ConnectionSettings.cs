using System.Text.Json;
using System.Text.Json.Serialization;
using SyncFlow.Core.Allocation;

namespace SyncFlow.Storage.Configuration;

/// <summary>A connection's settings as they stand in <c>connections.settings</c>; what is left out has the default here.</summary>
public sealed record ConnectionSettings
{
    /// <summary>Its weight when units are shared out, &gt; 0.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Breaks ties; lower comes first.</summary>
    public int Priority { get; init; } = 100;

    /// <summary>Order sources whose orders take units from the level (rule R16); null means the channel kind's own.</summary>
    public IReadOnlyList<string>? ClaimingSources { get; init; }

    /// <summary>Where an order is booked while nothing better is known.</summary>
    public long? DefaultLocationId { get; init; }

    /// <summary>Whether this channel is the authority for on-hand at its locations.</summary>
    public bool OwnsOnHand { get; init; }

    /// <summary>Whether units that are not to be sold here are parked where this channel owns on-hand (rule R14).</summary>
    public bool ParksUnits { get; init; }

    /// <summary>Whether it sells whatever it likes, at zero and below; what is not set aside at its locations counts as its own.</summary>
    public bool Uncappable { get; init; }

    /// <summary>Guard without the zero barrier, with a lag reserve (rule R15); null where guard is to be proven.</summary>
    public BoundedGuardSettings? BoundedGuard { get; init; }

    /// <summary>The channel's API version; null means the configured default.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>Milliseconds until every order is visible to a query; null means the configured default.</summary>
    public int? OrderVisibilityLagMs { get; init; }

    /// <summary>Bounded guard as the rules take it; null where it is not set.</summary>
    /// <param name="settleSeconds">Measured from a sale to an acknowledged decrease.</param>
    public BoundedGuard? BoundedBy(double settleSeconds) => BoundedGuard is { } set
        ? Core.Allocation.BoundedGuard.Of(set.LagSeconds, set.Factor, OrderVisibilityLagMs / 1_000.0, settleSeconds)
        : null;

    /// <summary>Reads the stored text.</summary>
    /// <exception cref="JsonException">It is not such settings.</exception>
    public static ConnectionSettings Parse(string json) =>
        JsonSerializer.Deserialize<ConnectionSettings>(json, Options) ?? throw new JsonException("Connection settings are null.");

    /// <summary>The text to store.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);

    internal static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };
}

/// <summary>Bounded guard as it is set.</summary>
/// <param name="LagSeconds">Its lag; null for what is known of the channel.</param>
/// <param name="Factor">Its safety factor; null for the usual one.</param>
public sealed record BoundedGuardSettings(double? LagSeconds = null, double? Factor = null)
{
    /// <summary>The text to store.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ConnectionSettings.Options);
}

/// <summary>Kinds of connections. The texts are stored.</summary>
public static class ConnectionKinds
{
    /// <summary>A Shopify store.</summary>
    public const string Shopify = "shopify";

    /// <summary>Systems that report stock: enterprise resource planning, warehouse, tills, and whoever stores for the merchant.</summary>
    public static IReadOnlyList<string> Sources { get; } = ["erp", "wms", "pos", "3pl"];

    /// <summary>Whether channels of a kind refuse a write when the level is not what it was compared with.</summary>
    public static bool Compares(string kind) => kind == Shopify;

    /// <summary>Whether a kind reports stock.</summary>
    public static bool IsSource(string kind) => Sources.Contains(kind);
}
