namespace SyncFlow.Core.Sources;

/// <summary>
/// How pages of a source's own form are asked for and read, where it does not speak the Source API. Places in a page are
/// members with dots between them.
/// </summary>
/// <param name="Mapping">Name of the mapping that makes events of its records.</param>
/// <param name="Path">What is asked for below the source's address, with <c>{since}</c>, <c>{cursor}</c>, <c>{page}</c>, <c>{offset}</c> and <c>{limit}</c>; as the Source API has it where null.</param>
/// <param name="Rows">Where the records are; as the mapping says where null.</param>
/// <param name="Next">Where the cursor of the next page is: a word to ask with, or its whole address.</param>
/// <param name="More">Where it says whether more pages follow.</param>
/// <param name="Watermark">Where it says how far the source has got.</param>
/// <param name="AsOf">Of positions: where it says when they were taken; the answer's own date where null.</param>
/// <param name="Sequence">Of positions: where it says up to which number they contain everything.</param>
public sealed record PageShape(string Mapping, string? Path, string? Rows, string? Next, string? More, string? Watermark, string? AsOf, string? Sequence)
{
    /// <summary>The places that it names, by the name of each.</summary>
    public IEnumerable<(string Name, string? Place)> Places =>
        [("rows", Rows), ("next", Next), ("more", More), ("watermark", Watermark), ("asOf", AsOf), ("sequence", Sequence)];
}

/// <summary>Which feeds of a source have pages of its own form; the others are as the Source API has them.</summary>
public sealed record PageShapes(PageShape? Movements, PageShape? Positions);
