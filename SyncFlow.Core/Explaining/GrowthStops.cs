using System.Collections.Immutable;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Levels;

namespace SyncFlow.Core.Explaining;

/// <summary>A source whose last good stock stands, while nothing that it feeds is raised.</summary>
/// <param name="Places">The locations it feeds.</param>
/// <param name="Why">What was wrong with what it reported.</param>
public sealed record FrozenSource(ConnectionId Source, ImmutableArray<LocationId> Places, DateTimeOffset Since, string? Why);

/// <summary>Billing allows no increases.</summary>
/// <param name="Why">What ran out.</param>
public sealed record BillingStop(DateTimeOffset Since, string? Why);

/// <summary>What kept levels from being raised at a moment, beside the merchant's own freezes.</summary>
/// <param name="Billing">Null while billing stops nothing.</param>
public sealed record GrowthStops(ImmutableArray<FrozenSource> Sources, BillingStop? Billing)
{
    /// <summary>Locations that every channel has closed: nothing there can be sold online.</summary>
    public ImmutableArray<LocationId> Closed { get; init; } = [];

    /// <summary>Nothing does.</summary>
    public static GrowthStops None { get; } = new([], null);

    /// <summary>Whether a location is fed by a frozen source.</summary>
    public bool Holds(LocationId location) => Sources.Any(source => source.Places.Contains(location));

    /// <summary>Sentences that name each of them.</summary>
    /// <param name="location">The one location that is asked about, or null for all of the SKU's.</param>
    internal IEnumerable<string> Sentences(StockMoment moment, LocationId? location)
    {
        foreach (var source in Sources)
        {
            var places = source.Places
                .Where(p => location is null ? moment.Sku.Pools.Any(pool => pool.Location == p) : p == location).Select(moment.Names.Of).ToList();
            if (places.Count > 0)
            {
                var fed = places.Count == 1 ? $"{places[0]} is" : $"{string.Join(" and ", places)} are";
                yield return Words.Of(
                    $"{fed} fed by {moment.Names.Of(source.Source)}, which is frozen since {source.Since:yyyy-MM-dd HH:mm:ss}{Because(source.Why)}: its last good stock stands, and no level there is raised until it is resumed.");
            }
        }

        if (moment.Sku.Policy.RaisesHeld)
        {
            yield return "Corrections or counts that raise it were told with very many others and wait for approval: they are booked, and none of its levels is raised meanwhile.";
        }

        if (Billing is { } billing)
        {
            yield return Words.Of(
                $"Billing has stopped increases since {billing.Since:yyyy-MM-dd HH:mm:ss}{Because(billing.Why)}: levels go down with every sale as ever, and none is raised.");
        }
    }

    /// <summary>What keeps a level from being raised, in words; null where nothing does.</summary>
    internal static string? On(StockMoment moment, LevelState level)
    {
        var stops = new List<string>();
        if (moment.Context.Channels.GetValueOrDefault(level.Connection)?.Brake == BrakeStrength.Increases)
        {
            stops.Add("increases are frozen");
        }

        stops.AddRange(moment.Stops.Sources.Where(s => s.Places.Contains(level.Location)).Select(s => $"its source {moment.Names.Of(s.Source)} is frozen"));
        if (moment.Sku.Policy.RaisesHeld)
        {
            stops.Add("corrections that raise it wait for approval");
        }

        if (moment.Stops.Billing is not null)
        {
            stops.Add("billing has stopped increases");
        }

        return stops.Count == 0 ? null : string.Join(" and ", stops);
    }

    private static string Because(string? why) => why is null ? "" : $" ({why})";
}
