using System.Collections.Immutable;
using System.Text.Json;
using SyncFlow.Core;
using SyncFlow.Core.Explaining;

namespace SyncFlow.Storage.Explaining;

/// <summary>Frozen sources, what billing had stopped, and closed locations, from the history of settings.</summary>
internal static class StopsReader
{
    /// <summary>What was in force. Which locations a source feeds is taken as it is mapped today.</summary>
    public static GrowthStops Of(IReadOnlyList<MomentReader.Setting> settings, IReadOnlyList<MomentReader.Channel> channels)
    {
        var sources = ImmutableArray.CreateBuilder<FrozenSource>();
        var closed = ImmutableArray.CreateBuilder<LocationId>();
        BillingStop? billing = null;
        foreach (var setting in settings.Where(s => s.Subject is "source" or "billing" or "location"))
        {
            using var json = JsonDocument.Parse(setting.Json);
            var (root, since) = (json.RootElement, setting.Version.Since);
            if (setting.Subject == "location")
            {
                // Rows from before it was kept do not say.
                if (root.TryGetProperty("open", out var open) && !open.GetBoolean())
                {
                    closed.Add(new LocationId(setting.SubjectId));
                }
            }
            else if (setting.Subject == "billing")
            {
                billing = root.GetProperty("stopped").GetBoolean() ? new BillingStop(since, WhyOf(root)) : null;
            }
            else if (root.GetProperty("frozen").GetBoolean() && channels.FirstOrDefault(c => c.Id.Value == setting.SubjectId) is { } source)
            {
                sources.Add(new FrozenSource(source.Id, [.. source.Places.Distinct().Select(p => new LocationId(p))], since, WhyOf(root)));
            }
        }

        return new GrowthStops(sources.ToImmutable(), billing) { Closed = closed.ToImmutable() };
    }

    private static string? WhyOf(JsonElement root) => root.GetProperty("why").GetString();
}
