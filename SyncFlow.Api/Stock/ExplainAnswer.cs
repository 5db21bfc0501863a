using SyncFlow.Core;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Explaining;
using SyncFlow.Storage.Ledger;

namespace SyncFlow.Api.Stock;

/// <summary>Why a SKU's numbers are, or were, what they are.</summary>
/// <param name="At">The moment that is explained.</param>
/// <param name="TimeBasis">Always <c>recorded</c>: what the ledger had been told by then, whenever it happened.</param>
/// <param name="Why">The same in sentences.</param>
/// <param name="Exposure">How much could be oversold then, and why.</param>
/// <param name="Debts">What locations owed together to orders booked at others; empty where nothing was owed.</param>
/// <param name="PushesKeptFrom">Pushes planned before it are older than what is kept, and so missing here; null while all are kept.</param>
internal sealed record ExplainAnswer(
    string Sku, DateTimeOffset At, string TimeBasis, IReadOnlyList<string> Why, Exposure Exposure,
    IReadOnlyList<ExplainAnswer.PoolAnswer> Locations, IReadOnlyList<ExplainAnswer.DebtAnswer> Debts, IReadOnlyList<ExplainAnswer.LevelAnswer> Levels,
    ExplainAnswer.EntriesAnswer Entries, DateTimeOffset? PushesKeptFrom)
{
    /// <param name="Sku">Of which SKU; of a kit the part.</param>
    /// <param name="Location">Where the orders are booked that wait for the units.</param>
    /// <param name="OwedBy">Locations that owe them together.</param>
    internal sealed record DebtAnswer(string Sku, string Location, int Units, DebtCause Cause, IReadOnlyList<string> OwedBy);

    /// <param name="Buffer">Units that are never shown: the larger of the safety buffer and what the tier keeps back.</param>
    /// <param name="Tier">What the SKU's tier keeps back there, and why; null where the tenant has no buffer policy.</param>
    /// <param name="Ats">Available to sell there, after the buffer.</param>
    /// <param name="Opened">Whether an opening count stands behind on-hand; until then nothing is published from it.</param>
    /// <param name="SetAside">Of those, units put aside from a seller without a cap; null where there is none.</param>
    /// <param name="Entries">How many entries make the sums.</param>
    internal sealed record PoolAnswer(
        string Location, bool FulfillsOnline, bool Opened, Buckets Buckets, int SafetyBuffer, int Buffer, TierAnswer? Tier, int Ats, int? SetAside,
        long Entries);

    /// <param name="Units">Units it keeps back now; no more than are free.</param>
    /// <param name="PerDay">Units a day that the location sold when it was evaluated.</param>
    /// <param name="Reason">In words.</param>
    internal sealed record TierAnswer(string Name, int Units, decimal PerDay, decimal? Percent, decimal? Days, string Reason);

    /// <param name="UpperBound">The most it might still show.</param>
    /// <param name="Parked">What lies parked on it, and since when; null where nothing is parked.</param>
    /// <param name="History">Up to the moment, newest first.</param>
    internal sealed record LevelAnswer(
        long LevelId, long ConnectionId, string Channel, string Location, LevelStatus Status, int UpperBound, BeliefAccount? Belief,
        QuotaAccount Quota, ParkAccount? Parked, IReadOnlyList<PushAnswer> Pushes, IReadOnlyList<LevelRecord> History);

    /// <param name="Change">What it was to do, in words.</param>
    /// <param name="Progress">How far it had come, in words.</param>
    internal sealed record PushAnswer(
        Guid PushId, long LevelId, string Channel, string Location, int From, int To, DateTimeOffset PlannedAt, DateTimeOffset? SentAt,
        ElementOutcome? Outcome, string? Code, DateTimeOffset? AcknowledgedAt, DateTimeOffset? VerifiedAt, int Changes, PushKind Kind,
        string Change, string Progress);

    /// <param name="SumsBefore">Before the oldest entry of the page; with the entries they make <paramref name="SumsAfter"/>.</param>
    internal sealed record EntriesAnswer(
        IReadOnlyList<EntryAnswer> Items, string? Next, IReadOnlyList<SumsAnswer> SumsBefore, IReadOnlyList<SumsAnswer> SumsAfter);

    internal sealed record SumsAnswer(string Location, Buckets Buckets);

    /// <param name="Sum">Its bucket's sum at its location after it.</param>
    /// <param name="Words">What happened, in a sentence.</param>
    internal sealed record EntryAnswer(
        long Id, string Location, Bucket Bucket, int Delta, int Sum, EntryReason Reason, string Words, string FactKey, long? LevelId,
        long? ConnectionId, DateTimeOffset OccurredAt, DateTimeOffset RecordedAt, TraceAnswer Trace);

    /// <param name="Event">What arrived; null when nothing did, or when it is no longer kept.</param>
    /// <param name="Pushes">What carried the change to channels.</param>
    internal sealed record TraceAnswer(long? EventId, EventTrace? Event, IReadOnlyList<PushAnswer> Pushes);

    /// <summary>The answer told from a story.</summary>
    /// <param name="next">The cursor of the next page, or null.</param>
    public static ExplainAnswer Of(StockStory story, LocationId? location, string? next)
    {
        var moment = story.Moment;
        return new ExplainAnswer(
            moment.Code, moment.At, "recorded", Narrative.Of(moment, story.Levels, location), Exposures.Of(moment.Tied, moment.Sku.Sku),
            [.. moment.Sku.Pools.Where(p => location is null || p.Location == location).Select(p => Pool(story, p))],
            [.. DebtAccount.Of(moment, location).SelectMany(d => Told(moment, d))],
            [.. story.Levels.Select(l => Level(moment, l))],
            new EntriesAnswer(
                [.. story.Page.Entries.Select(e => Entry(moment, e))], next, Sums(moment, story.Page.Before), Sums(moment, story.Page.After)),
            story.PushesKeptFrom);
    }

    private static IEnumerable<DebtAnswer> Told(StockMoment moment, DebtAccount account) => account.Debts.Select(d => new DebtAnswer(
        account.Sku == moment.Sku.Sku ? moment.Code : moment.Names.Of(account.Sku), moment.Names.Of(d.Place), d.Units, d.Cause,
        [.. account.Owers.Select(moment.Names.Of)]));

    private static PoolAnswer Pool(StockStory story, Pool pool)
    {
        var moment = story.Moment;
        return new PoolAnswer(
            moment.Names.Of(pool.Location), moment.Context.Locations.GetValueOrDefault(pool.Location)?.FulfillsOnline ?? false, pool.Opened,
            pool.Buckets, moment.Sku.Policy.SafetyBuffer, AvailableToSell.BufferOf(pool, moment.Sku.Policy),
            pool.Tier is { } tier
                ? new TierAnswer(tier.Tier, tier.UnitsOf(pool.Buckets.Unencumbered), tier.PerDay, tier.Percent, tier.Days, tier.Reason)
                : null,
            AvailableToSell.Of(pool, moment.Sku.Policy), moment.Context.HasUncappable(pool.Location) ? pool.SetAside : null,
            story.Pools.FirstOrDefault(p => p.Location == pool.Location)?.Entries ?? 0);
    }

    private static LevelAnswer Level(StockMoment moment, LevelAccount level) => new(
        level.State.Id.Value, level.State.Connection.Value, moment.Names.Of(level.State.Connection), moment.Names.Of(level.State.Location),
        level.State.Status, level.State.UpperBound, level.Belief, level.Quota, level.Parked, [.. level.Pushes.Select(p => Push(moment, p))], level.Rows);

    private static PushAnswer Push(StockMoment moment, PushRecord push)
    {
        var level = moment.Sku.FindLevel(push.Level);
        return new PushAnswer(
            push.Push, push.Level.Value, level is null ? "" : moment.Names.Of(level.Connection), level is null ? "" : moment.Names.Of(level.Location),
            push.From, push.To, push.PlannedAt, push.SentAt, push.Outcome, push.Code, push.AcknowledgedAt, push.VerifiedAt, push.Changes, push.Kind, push.Change, push.Progress);
    }

    private static EntryAnswer Entry(StockMoment moment, TracedEntry traced)
    {
        var entry = traced.Recorded.Entry;
        return new EntryAnswer(
            traced.Recorded.Id, moment.Names.Of(entry.Location), entry.Bucket, entry.Delta, traced.Sum, entry.Reason,
            Core.Explaining.Words.Of(entry, moment.Names), entry.FactKey, entry.Level?.Value, entry.Connection?.Value, entry.OccurredAt, traced.Recorded.RecordedAt,
            new TraceAnswer(entry.InboxEvent, traced.Event, [.. traced.Pushes.Select(p => Push(moment, p))]));
    }

    private static List<SumsAnswer> Sums(StockMoment moment, IReadOnlyList<PoolSums> sums) =>
        [.. sums.Select(s => new SumsAnswer(moment.Names.Of(s.Location), s.Buckets))];
}
