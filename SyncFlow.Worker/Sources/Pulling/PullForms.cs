using SyncFlow.Channels.Sources.Mapping;
using SyncFlow.Channels.Sources.Pages;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sources.Pulling;

namespace SyncFlow.Worker.Sources.Pulling;

/// <summary>Readers of the feeds of a source whose pages have a form of its own.</summary>
internal static class PullForms
{
    /// <summary>The readers; of a mapping that is gone, or is none any more, its name.</summary>
    public static (IReadOnlyDictionary<SourceFeed, OwnPages> Own, string? Missing) Of(PullSource pull)
    {
        var own = new Dictionary<SourceFeed, OwnPages>();
        foreach (var (feed, shape) in new[] { (SourceFeed.Movements, pull.Pages?.Movements), (SourceFeed.Positions, pull.Pages?.Positions) })
        {
            var isPositions = feed == SourceFeed.Positions;
            var mapping = shape is null ? null : ReadyMappings.Read(shape.Mapping, pull.OwnMappings.GetValueOrDefault(shape.Mapping));
            if (shape is not null && (mapping is null || (isPositions && !mapping.TellsPositions)))
            {
                return (own, shape.Mapping);
            }

            if (shape is not null)
            {
                own[feed] = new OwnPages(shape, mapping!, isPositions);
            }
        }

        return (own, null);
    }
}
