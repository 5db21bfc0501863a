using SyncFlow.Api.Sources.Mappings;
using SyncFlow.Channels.Sources.Pages;
using SyncFlow.Core.Sources;

namespace SyncFlow.Api.Sources;

/// <summary>Checks what a merchant says of pages in a source's own form.</summary>
internal sealed class PullPages(MappingBook mappings)
{
    private const int LongestPath = 1_000;

    private const int LongestPlace = 200;

    /// <summary>What one feed's pages look like, as it is sent.</summary>
    /// <param name="Mapping">A ready mapping, or one of the tenant's own.</param>
    /// <param name="Path">What is asked for below the source's address, with <c>{since}</c>, <c>{cursor}</c>, <c>{page}</c>, <c>{offset}</c>, <c>{limit}</c>.</param>
    /// <param name="Rows">Where its records are; as the mapping says when left out.</param>
    /// <param name="Next">Where the next page's cursor or address is.</param>
    /// <param name="More">Where it says whether more follows.</param>
    /// <param name="Watermark">Where it says how far the source has got.</param>
    /// <param name="AsOf">Of positions: where it says when they were taken.</param>
    /// <param name="Sequence">Of positions: where it says up to which number they contain everything.</param>
    internal sealed record Shape(string? Mapping, string? Path, string? Rows, string? Next, string? More, string? Watermark, string? AsOf, string? Sequence);

    /// <param name="Movements">Of movements; null where they are as the Source API has them.</param>
    /// <param name="Positions">Of positions.</param>
    internal sealed record Request(Shape? Movements, Shape? Positions);

    /// <summary>The shapes; null where none is sent, or something is wrong, which is noted.</summary>
    public async Task<PageShapes?> ReadAsync(long tenant, Request? pages, bool movements, bool positions, Check check, CancellationToken ct)
    {
        if (pages is null)
        {
            return null;
        }

        check.That(pages.Movements is null || movements, "pages.movements", "Movements are not asked for.")
            .That(pages.Positions is null || positions, "pages.positions", "Positions are not asked for.");
        var read = new PageShapes(
            await ShapeAsync(tenant, pages.Movements, "pages.movements", ofPositions: false, check, ct).ConfigureAwait(false),
            await ShapeAsync(tenant, pages.Positions, "pages.positions", ofPositions: true, check, ct).ConfigureAwait(false));
        return read is { Movements: null, Positions: null } ? null : read;
    }

    private async Task<PageShape?> ShapeAsync(long tenant, Shape? sent, string at, bool ofPositions, Check check, CancellationToken ct)
    {
        if (sent is null)
        {
            return null;
        }

        var mapping = sent.Mapping is { } name ? await mappings.ReadAsync(tenant, name, ct).ConfigureAwait(false) : null;
        check.That(mapping is not null, at + ".mapping", sent.Mapping is null ? "A mapping's name is needed." : $"There is no mapping '{sent.Mapping}'.")
            .That(!ofPositions || mapping is null or { TellsPositions: true }, at + ".mapping", "All that it tells must be positions.")
            .Optional(sent.Path, at + ".path", LongestPath)
            .That(sent.Path is null || PageAddress.WhyNot(sent.Path) is null, at + ".path", sent.Path is null ? "" : PageAddress.WhyNot(sent.Path) ?? "")
            .That(!ofPositions || sent.Path?.Contains("{since}", StringComparison.Ordinal) != true, at + ".path", "Positions are asked for whole: there is no {since}.")
            .That(ofPositions || sent.AsOf is null, at + ".asOf", "Only positions are of one moment.")
            .That(ofPositions || sent.Sequence is null, at + ".sequence", "Of movements each says its own.")
            .That(!ofPositions || sent.Watermark is null, at + ".watermark", "Only movements have a watermark.")
            .That(
                sent.More is null || sent.Next is not null || (sent.Path is { } path && PageAddress.Counts(path)), at + ".more",
                "How is the next page asked for? Name next, or count pages in path by {page} or {offset}.")
            .That(
                sent.Next is null || sent.Path is not { } counted || !PageAddress.Counts(counted), at + ".path",
                "Pages are counted, or named by next, not both.");
        var shape = new PageShape(sent.Mapping ?? "", sent.Path, sent.Rows, sent.Next, sent.More, sent.Watermark, sent.AsOf, sent.Sequence);
        foreach (var (field, place) in shape.Places)
        {
            check.Optional(place, $"{at}.{field}", LongestPlace)
                .That(place is null || (!string.IsNullOrWhiteSpace(place) && !place.Any(char.IsControl)), $"{at}.{field}", "Members with dots between them.");
        }

        return shape;
    }
}
