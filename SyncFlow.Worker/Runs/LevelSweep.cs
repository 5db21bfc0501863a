using System.Collections.Immutable;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Channels;
using SyncFlow.Worker.Connections;
using SyncFlow.Worker.Publishing;
using SyncFlow.Worker.Verifying;

namespace SyncFlow.Worker.Runs;

/// <summary>Reads all levels of a connection that nothing is published to, and stores what was read.</summary>
internal sealed class LevelSweep(LevelReader levels, LevelMarks marks)
{
    /// <summary>Readings stored, and waited for, at a time.</summary>
    private const int StoredAtOnce = LevelReader.PageSize * 10;

    /// <summary>Reads every level of a wish; those with a push on its way are left to the verifier.</summary>
    /// <returns>The readings, and the levels that the channel does not have.</returns>
    /// <exception cref="ChannelFaultException">The channel did not answer.</exception>
    public async Task<(IReadOnlyList<Reading> Readings, IReadOnlyList<LevelMark> Missing)> ReadAsync(
        ChannelLink link, MarkWish wish, ReadingKind kind, RunProgress progress, CancellationToken ct)
    {
        var total = await marks.CountAsync(link.Tenant, link.Id, wish, ct).ConfigureAwait(false);
        var readings = ImmutableArray.CreateBuilder<Reading>();
        var missing = new List<LevelMark>();

        // Nothing is published meanwhile, so a hold of their own is enough.
        using var holds = new LevelHolds();
        for (var after = 0L; ;)
        {
            var page = await marks.ListAsync(link.Tenant, link.Id, wish, [], after, LevelReader.PageSize, ct).ConfigureAwait(false);
            if (page.Count == 0)
            {
                return (readings.ToImmutable(), missing);
            }

            after = page[^1].Level.Value;
            var answers = await levels.ReadPageAsync(
                link, holds, [.. page.Select(m => m.Level)], BudgetUse.Publish, ct).ConfigureAwait(false);
            LevelReader.Collect(answers, kind, readings, missing);
            await progress.ReportAsync(readings.Count + missing.Count, total, "reading levels", ct).ConfigureAwait(false);
        }
    }

    /// <summary>Stores readings and waits until they are applied.</summary>
    public async Task StoreAsync(ChannelLink link, IReadOnlyList<Reading> readings, CancellationToken ct)
    {
        foreach (var part in readings.Chunk(StoredAtOnce))
        {
            await levels.StoreAsync(link, part, under: null, ct).ConfigureAwait(false);
        }
    }

    /// <summary>Tells that the channel does not have these levels any more.</summary>
    public Task StoreGoneAsync(ChannelLink link, IReadOnlyList<LevelMark> gone, CancellationToken ct) =>
        levels.StoreGoneAsync(link, gone, ct);
}
