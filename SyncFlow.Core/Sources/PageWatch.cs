namespace SyncFlow.Core.Sources;

/// <summary>Why the pages of a source cannot be trusted to come to an end, or to stand in its order. Names an incident.</summary>
/// <param name="Code">Stable.</param>
/// <param name="Message">For people.</param>
public readonly record struct PageFault(string Code, string Message);

/// <summary>A page of a source, as far as its course is judged by it.</summary>
/// <param name="Asked">The cursor it was asked with; null for the first.</param>
/// <param name="Next">The cursor of the page after it; null where it is the last.</param>
/// <param name="Rows">Rows on it.</param>
/// <param name="Fresh">Rows that no page of this round had.</param>
/// <param name="Hash">Of what is on it.</param>
/// <param name="Watermark">How far the source has got, by its own word; null where it said nothing.</param>
public readonly record struct PageSeen(string? Asked, string? Next, int Rows, int Fresh, string Hash, long? Watermark);

/// <summary>
/// Watches one round through the pages of a source. A cursor that comes again, the same rows under ever new cursors, and
/// pages without anything new are ways of never ending; a watermark that falls between two pages is a source that was
/// put back while it was read.
/// </summary>
/// <param name="tolerance">A watermark may fall by this and be the same: clocks of a cluster differ, numbers do not.</param>
public sealed class PageWatch(long tolerance)
{
    /// <summary>So many pages in a row may bring nothing new: overlaps and gaps are usual, an endless desert is not.</summary>
    public const int MostBarren = 200;

    private readonly HashSet<string> _cursors = new(StringComparer.Ordinal);
    private readonly HashSet<string> _pages = new(StringComparer.Ordinal);
    private int _barren;

    /// <summary>The highest watermark so far.</summary>
    public long? Watermark { get; private set; }

    /// <summary>What is wrong with the course of the pages, now that this one came; null where nothing is.</summary>
    public PageFault? Judge(PageSeen page)
    {
        if (page.Watermark + tolerance < Watermark)
        {
            return new("WATERMARK_WENT_BACK", $"its watermark went from {Watermark} to {page.Watermark} between two pages");
        }

        Watermark = page.Watermark > Watermark || Watermark is null ? page.Watermark ?? Watermark : Watermark;
        if (page.Asked is { } asked)
        {
            _cursors.Add(asked);
        }

        var known = page.Rows > 0 && !_pages.Add(page.Hash);
        _barren = page.Fresh > 0 ? 0 : _barren + 1;
        return page.Next is not { } next ? null
            : _cursors.Contains(next) ? new("CURSOR_LOOPS", "a page names a cursor as the next that was asked before; the pages go round in a circle")
            : known ? new("SAME_PAGE", "the same rows came again under another cursor; the pages would never end")
            : _barren > MostBarren ? new("NO_PROGRESS", $"{_barren} pages in a row brought nothing new, and another is said to follow")
            : null;
    }
}
