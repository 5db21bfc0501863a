using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using SyncFlow.Channels;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Sessions;
using SyncFlow.Worker.Connections;
using SyncFlow.Worker.Publishing;

namespace SyncFlow.Worker.Verifying;

/// <summary>Reads levels with their marks: held, and with nothing in flight, from the mark to the answer.</summary>
internal sealed class LevelReader(LevelMarks marks, InboxFeed feed, WorkerOptions options, TimeProvider time)
{
    /// <summary>Levels in one read.</summary>
    public const int PageSize = 100;

    /// <summary>What a page costs at most; asked of the budget before levels are held, so that no hold waits for points.</summary>
    private const int PageCost = 150;

    private static readonly TimeSpan LongestBudgetWait = TimeSpan.FromSeconds(60);

    /// <summary>Reads up to so many levels that want it, in pages.</summary>
    /// <returns>The readings, when the last answer came, the levels the channel does not have, and whether more want reading.</returns>
    /// <exception cref="ChannelFaultException">The channel did not answer.</exception>
    public async Task<(ImmutableArray<Reading> Readings, DateTimeOffset ReadAt, List<LevelMark> Missing, bool More)> ReadAsync(
        ChannelLink link, LevelHolds holds, MarkWish wish, ReadingKind kind, IReadOnlyCollection<LevelId> except, int limit,
        CancellationToken ct)
    {
        var wanted = await marks.ListAsync(link.Tenant, link.Id, wish, except, 0, limit + 1, ct).ConfigureAwait(false);
        var readings = ImmutableArray.CreateBuilder<Reading>();
        var missing = new List<LevelMark>();
        var readAt = time.GetUtcNow();
        foreach (var page in wanted.Take(limit).Chunk(PageSize))
        {
            var answers = await ReadPageAsync(link, holds, [.. page.Select(m => m.Level)], BudgetUse.Verify, ct).ConfigureAwait(false);
            readAt = time.GetUtcNow();
            Collect(answers, kind, readings, missing);
        }

        return (readings.ToImmutable(), readAt, missing, wanted.Count > limit);
    }

    /// <summary>Turns answers into readings; a level that is new is taken into service by its first exact one.</summary>
    public static void Collect(
        IEnumerable<(LevelMark Mark, DateTimeOffset At, LevelValues? Values)> answers, ReadingKind kind,
        ImmutableArray<Reading>.Builder readings, List<LevelMark> missing)
    {
        foreach (var (mark, at, values) in answers)
        {
            if (values is null && !(mark.Status is LevelStatus.Leaving or LevelStatus.Closing && kind == ReadingKind.Drained))
            {
                missing.Add(mark);
                continue;
            }

            var first = mark.Status == LevelStatus.New && kind == ReadingKind.Drained;
            readings.Add(new Reading(
                mark.Level, values is null ? ReadingKind.Absent : first ? ReadingKind.Baseline : kind, mark.Generation,
                values?.Available ?? 0, values?.OnHand ?? 0, values?.Committed ?? 0, at, mark.Sold, mark.PutBack,
                mark.Pushed, mark.OpenClaims, values?.Reserved ?? 0, mark.OnHand, values?.UpdatedAt.UtcTicks ?? 0,
                values?.SafetyStock, mark.Parked));
        }
    }

    /// <summary>Reads one page: budget, hold, marks, call, release.</summary>
    public async Task<List<(LevelMark Mark, DateTimeOffset At, LevelValues? Values)>> ReadPageAsync(
        ChannelLink link, LevelHolds holds, IReadOnlyList<LevelId> levels, BudgetUse use, CancellationToken ct)
    {
        await WaitForPointsAsync(link.Budget, use, ct).ConfigureAwait(false);
        await using var hold = await holds.HoldAsync(levels, ct).ConfigureAwait(false);

        // Before the marks are read: what is settled after this moment is not proven by this reading.
        var at = DatabaseTime.Now(time);
        var taken = await marks.TakeAsync(link.Tenant, link.Id, levels, ct).ConfigureAwait(false);
        if (taken.Count == 0)
        {
            return [];
        }

        var refs = taken.Select(m => new LevelRef(m.ItemRef, m.ExternalLocation)).ToList();
        var answers = (await link.Client.ReadLevelsAsync(refs, ct, use).ConfigureAwait(false)).OrThrow("levels");

        // A pair that holds quantities without being stocked sells nothing: the channel does not have the level.
        return [.. taken.Select((mark, i) => (mark, at, answers[i].Values is { Active: true } stocked ? stocked : null))];
    }

    /// <summary>Stores readings and waits until they are applied.</summary>
    /// <param name="under">
    /// The lease they were taken under: a reading's marks count on no push being planned meanwhile, and only its holder can
    /// know that. Null where nothing is published at all.
    /// </param>
    public async Task StoreAsync(ChannelLink link, IReadOnlyList<Reading> readings, LeaseOf? under, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var events = readings.Chunk(PageSize).Select(page => new InboxEvent(
            link.Tenant, link.Id, "read", $"reading:{Guid.CreateVersion7(now)}", null, page[0].MarkedAt, now, null,
            InternalFacts.LevelReadings, InternalFacts.Body(page))).ToList();
        await feed.StoreAsync(link.Tenant, events, under, ct).ConfigureAwait(false);
        await feed.WaitAsync(link.Tenant, link.Id, [.. events.Select(e => e.WebhookId)], options.ApplyLimit, ct).ConfigureAwait(false);
    }

    /// <summary>
    /// A level in service that the channel no longer has: told as the channel itself would have told it, for its own
    /// word may have been lost.
    /// </summary>
    public async Task StoreGoneAsync(ChannelLink link, IEnumerable<LevelMark> gone, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var events = gone.Select(mark => new InboxEvent(
            link.Tenant, link.Id, "inventory_levels/disconnect",
            string.Create(CultureInfo.InvariantCulture, $"gone:{mark.Level.Value}:{mark.Generation}"), null, now, now,
            options.ShopifyApiVersion, ContentKinds.ShopifyWebhook,
            JsonSerializer.SerializeToUtf8Bytes(new
            {
                inventory_item_id = long.Parse(mark.ItemRef, CultureInfo.InvariantCulture),
                location_id = long.Parse(mark.ExternalLocation, CultureInfo.InvariantCulture),
            }))).ToList();
        await feed.StoreAsync(link.Tenant, events, ct).ConfigureAwait(false);
    }

    private async Task WaitForPointsAsync(CostBudget budget, BudgetUse use, CancellationToken ct)
    {
        var until = time.GetUtcNow() + LongestBudgetWait;
        while (budget.TryReserve(PageCost, use, time.GetUtcNow()) is var wait && wait > TimeSpan.Zero)
        {
            if (time.GetUtcNow() + wait > until)
            {
                return; // The call itself will say so.
            }

            await Task.Delay(wait + TimeSpan.FromMilliseconds(1), time, ct).ConfigureAwait(false);
        }

        budget.Settle(PageCost, use, actual: 0, status: null, time.GetUtcNow());
    }
}
