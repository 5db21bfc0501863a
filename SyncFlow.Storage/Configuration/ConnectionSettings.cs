using System.Text.Json;
using System.Text.Json.Serialization;

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

    /// <summary>The channel's API version; null means the configured default.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>Milliseconds until every order is visible to a query; null means the configured default.</summary>
    public int? OrderVisibilityLagMs { get; init; }

    /// <summary>Reads the stored text.</summary>
    /// <exception cref="JsonException">It is not such settings.</exception>
    public static ConnectionSettings Parse(string json) =>
        JsonSerializer.Deserialize<ConnectionSettings>(json, Options) ?? throw new JsonException("Connection settings are null.");

    /// <summary>The text to store.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };
}

/// <summary>Kinds of connections. The texts are stored.</summary>
public static class ConnectionKinds
{
    /// <summary>A Shopify store.</summary>
    public const string Shopify = "shopify";

    /// <summary>Systems that report stock: enterprise resource planning, warehouse, tills, and whoever stores for the merchant.</summary>
    public static IReadOnlyList<string> Sources { get; } = ["erp", "wms", "pos", "3pl"];

    /// <summary>Whether a kind reports stock.</summary>
    public static bool IsSource(string kind) => Sources.Contains(kind);
}
