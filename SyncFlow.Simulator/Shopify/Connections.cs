using System.Text;
using SyncFlow.Simulator.GraphQl;

namespace SyncFlow.Simulator.Shopify;

/// <summary>One page of a list, with a cursor per node.</summary>
internal sealed record Page(IReadOnlyList<object> Nodes, IReadOnlyList<string> Cursors, bool HasNext, bool HasPrevious);

/// <summary>One node with its cursor.</summary>
internal sealed record Edge(object Node, string Cursor);

/// <summary>Cuts pages out of ordered lists. A cursor names the sort key of its node, so pages survive changes between them.</summary>
internal static class Connections
{
    /// <summary>Greatest page Shopify serves.</summary>
    internal const int MaxPage = 250;

    /// <summary>A page of an ascending sequence, for <c>first/after/last/before/reverse</c>.</summary>
    /// <param name="ascending">The nodes in ascending order of their keys.</param>
    /// <param name="key">Sort key text; ordinal order must equal the sequence's order.</param>
    /// <param name="call">The field call with the paging arguments.</param>
    internal static Page Cut<T>(IEnumerable<T> ascending, Func<T, string> key, FieldCall call)
        where T : class
    {
        if (call.Context is RequestContext { IsBulk: true })
        {
            return Of(ascending.ToList(), key, false, false);
        }

        var reverse = call.Argument<bool>("reverse");
        var (first, last) = Sizes(call);
        var after = Cursor(call.Argument<string>("after"));
        var before = Cursor(call.Argument<string>("before"));
        if (reverse)
        {
            (after, before) = (before, after);
        }

        var fromStart = (first is not null) != reverse;
        var size = first ?? last!.Value;
        var kept = ascending.Where(n =>
            (after is null || string.CompareOrdinal(key(n), after) > 0)
            && (before is null || string.CompareOrdinal(key(n), before) < 0));
        List<T> page;
        bool more;
        if (fromStart)
        {
            page = kept.Take(size + 1).ToList();
            more = page.Count > size;
            page = more ? page.GetRange(0, size) : page;
        }
        else
        {
            page = kept.ToList();
            more = page.Count > size;
            page = more ? page.GetRange(page.Count - size, size) : page;
        }

        if (reverse)
        {
            page.Reverse();
        }

        return first is not null
            ? Of(page, key, more, (reverse ? before : after) is not null)
            : Of(page, key, (reverse ? after : before) is not null, more);
    }

    /// <summary>A sort key for numbers: padded so that texts sort as numbers do.</summary>
    internal static string Key(long id) => id.ToString("D19", System.Globalization.CultureInfo.InvariantCulture);

    private static (int? First, int? Last) Sizes(FieldCall call)
    {
        int? first = call.Arguments.TryGetValue("first", out var f) && f is int given ? given : null;
        int? last = call.Arguments.TryGetValue("last", out var l) && l is int givenLast ? givenLast : null;
        if (first is null && last is null)
        {
            throw GraphQlException.Coded("BAD_REQUEST", "you must provide one of first or last");
        }

        if (first is not null && last is not null)
        {
            throw GraphQlException.Coded("BAD_REQUEST", "providing both first and last is not supported");
        }

        var size = first ?? last!.Value;
        if (size is < 1 or > MaxPage)
        {
            throw GraphQlException.Coded(
                "BAD_REQUEST", $"{(first is null ? "last" : "first")} must be between 1 and {MaxPage}, but was {size}");
        }

        return (first, last);
    }

    private static string? Cursor(string? cursor)
    {
        if (cursor is null)
        {
            return null;
        }

        var bytes = new byte[cursor.Length];
        return Convert.TryFromBase64String(cursor, bytes, out var length)
            ? Encoding.UTF8.GetString(bytes, 0, length)
            : throw GraphQlException.Coded("BAD_REQUEST", $"Invalid cursor for current pagination sort: {cursor}");
    }

    private static Page Of<T>(List<T> nodes, Func<T, string> key, bool next, bool previous)
        where T : class =>
        new(nodes, nodes.ConvertAll(n => Convert.ToBase64String(Encoding.UTF8.GetBytes(key(n)))), next, previous);
}
