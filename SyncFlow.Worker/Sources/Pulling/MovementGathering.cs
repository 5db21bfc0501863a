using System.Globalization;
using SyncFlow.Channels.Sources;
using SyncFlow.Core.Checks;
using SyncFlow.Core.Faults;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sources.Pulling;

namespace SyncFlow.Worker.Sources.Pulling;

/// <summary>
/// Reads pages of movements until the round is over, something is wrong, or as many rows are there as are handed over
/// together.
/// </summary>
internal sealed class MovementGathering(PullSource pull, PullRound begun, PageWatch watch)
{
    /// <summary>Rows handed over together: what is told of one SKU on twenty pages is booked at once.</summary>
    public const int MostRows = 20_000;

    private readonly List<SourceEvent> _events = [];
    private readonly List<BrokenRow> _broken = [];
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private int _pages;
    private long? _highest;
    private long? _backTo;
    private string? _wentBack;

    /// <summary>Where the round stands.</summary>
    public PullRound Round { get; private set; } = begun;

    /// <summary>Whether the last page was read.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Whether what went wrong makes the round begin anew.</summary>
    public bool Anew { get; private set; }

    /// <summary>Reads on; what went wrong, or null.</summary>
    public async Task<ChannelFault?> RunAsync(SourceApiClient client, CancellationToken ct)
    {
        var since = Round.Since is { } from ? SourceVersions.Text(pull.Ordering, from) : null;
        while (!IsOver && _wentBack is null && _events.Count + _broken.Count < MostRows)
        {
            var answer = await client.PageAsync(SourceFeed.Movements, since, Round.Cursor, pull.PageSize, ct).ConfigureAwait(false);
            if (!answer.Succeeded)
            {
                Anew = answer.Fault.Code == SourceApiClient.CursorGone;
                return answer.Fault;
            }

            if (Take(answer.Value) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    /// <summary>What to hand over.</summary>
    public PullHandOver Brought() => new(
        _events, _broken, _pages, IsOver || Anew ? PullRound.None : Round, IsOver ? Round.RoundWatermark ?? _highest : null, _backTo, _wentBack);

    private ChannelFault? Take(SourcePage page)
    {
        if (!SourceValues.TryRead(pull.Ordering, page.Watermark, out var watermark))
        {
            return new ChannelFault(ChannelFaultKind.Rejected, "NOT_A_PAGE", "watermark: " + SourceValues.Wish(pull.Ordering));
        }

        _pages++;
        if (watermark + SourceValues.Tolerance(pull.Ordering) < pull.Watermark)
        {
            return WentBack(watermark!.Value, pull.Watermark!.Value);
        }

        var fresh = page.Movements().Count(Add);
        var fault = watch.Judge(new PageSeen(Round.Cursor, page.Next, page.Count, fresh, page.Hash, watermark));
        if (fault is { Code: "WATERMARK_WENT_BACK" })
        {
            return WentBack(watermark!.Value, watch.Watermark!.Value);
        }

        Round = new PullRound(Round.Since, page.Next, Round.RoundWatermark ?? watermark);
        Anew = fault is not null;
        IsOver = page.Next is null;
        return fault is { } wrong ? new ChannelFault(ChannelFaultKind.Rejected, wrong.Code, wrong.Message) : null;
    }

    /// <summary>Adds a row; whether it is one that this hand-over had not.</summary>
    private bool Add(PulledRow row)
    {
        if (row.Event is not { } one)
        {
            _broken.AddRange(row.Errors.Count == 0 ? [] : [new BrokenRow(row.Id, row.Errors, row.Raw)]);
            return true;
        }

        if (!_ids.Add(one.Id))
        {
            return false;
        }

        var value = pull.Ordering == SourceOrdering.Sequence ? one.Sequence : SourceVersions.Of(0, one.OccurredAt);
        _highest = value > _highest || _highest is null ? value : _highest;
        _events.Add(one);
        return true;
    }

    private ChannelFault? WentBack(long to, long from)
    {
        (_backTo, Anew) = (to, true);
        _wentBack = string.Create(
            CultureInfo.InvariantCulture, $"its watermark went from {SourceVersions.Text(pull.Ordering, from)} to {SourceVersions.Text(pull.Ordering, to)}");
        return null;
    }
}

/// <summary>Watermarks as sources write them.</summary>
internal static class SourceValues
{
    /// <summary>What a watermark has to be.</summary>
    public static string Wish(SourceOrdering ordering) =>
        ordering == SourceOrdering.Sequence ? "the source is ordered by sequence; its watermark is a number" : Written.NoTime;

    /// <summary>A watermark in numbers or microseconds; null where nothing is said. False where it is none.</summary>
    public static bool TryRead(SourceOrdering ordering, string? text, out long? value)
    {
        value = null;
        if (text is null)
        {
            return true;
        }

        if (ordering == SourceOrdering.Sequence)
        {
            var read = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < SourceVersions.Span;
            value = read ? number : null;
            return read;
        }

        var isTime = Written.TryTime(text, out var time);
        value = isTime ? SourceVersions.Of(0, time) : null;
        return isTime;
    }

    /// <summary>How far a watermark may fall and be the same.</summary>
    public static long Tolerance(SourceOrdering ordering) => ordering == SourceOrdering.Sequence ? 0 : (long)SequenceWatch.ClockTolerance.TotalMicroseconds;

    /// <summary>How far before its watermark a round begins.</summary>
    public static long Overlap(PullSource pull) => pull.Ordering == SourceOrdering.Sequence ? pull.Overlap : pull.Overlap * TimeSpan.MicrosecondsPerSecond;
}
