using SyncFlow.Core;
using SyncFlow.Core.Explaining;
using SyncFlow.Storage.Ledger;

namespace SyncFlow.Storage.Explaining;

/// <summary>What is to be explained.</summary>
/// <param name="Sku">Whose numbers.</param>
/// <param name="Location">Only this location; null for all.</param>
/// <param name="Channel">Levels and pushes of this channel only; null for all. Entries are shown whoever caused them.</param>
/// <param name="At">As recorded up to and at this moment; null for now.</param>
/// <param name="PageFrom">Entries behind this point; null for the newest.</param>
/// <param name="PageSize">Most entries, ≥ 1.</param>
public sealed record ExplainQuery(
    SkuId Sku, LocationId? Location, ConnectionId? Channel, DateTimeOffset? At, LedgerPoint? PageFrom, int PageSize);

/// <summary>Everything an explanation is told from.</summary>
/// <param name="Moment">The SKU as it was known.</param>
/// <param name="Pools">Sums of the ledger by location, at the moment.</param>
/// <param name="Levels">The levels asked about.</param>
/// <param name="Page">Entries.</param>
/// <param name="PushesKeptFrom">Pushes planned before it are not kept; null while all are.</param>
public sealed record StockStory(
    StockMoment Moment, IReadOnlyList<PoolSums> Pools, IReadOnlyList<LevelAccount> Levels, EntryPage Page, DateTimeOffset? PushesKeptFrom);

/// <summary>A page of entries that adds up: sums before, plus the entries, are the sums after.</summary>
/// <param name="Entries">Newest first.</param>
/// <param name="Before">Sums before the oldest entry of the page.</param>
/// <param name="After">Sums after the newest.</param>
/// <param name="Next">Where the next page begins; null on the last.</param>
public sealed record EntryPage(
    IReadOnlyList<TracedEntry> Entries, IReadOnlyList<PoolSums> Before, IReadOnlyList<PoolSums> After, LedgerPoint? Next);

/// <summary>An entry and where it came from and went to.</summary>
/// <param name="Recorded">The entry.</param>
/// <param name="Sum">Its bucket's sum at its location after it.</param>
/// <param name="Event">The inbox event that carried its fact; null when there was none or it is no longer kept.</param>
/// <param name="Pushes">The pushes that carried the change to channels, as far as they are kept.</param>
public sealed record TracedEntry(RecordedEntry Recorded, int Sum, EventTrace? Event, IReadOnlyList<PushRecord> Pushes);

/// <summary>The first link of a trace: what arrived.</summary>
/// <param name="WebhookId">The sender's own id of it.</param>
/// <param name="CorrelationId">The sender's id of the cause, or a trace id.</param>
/// <param name="AppliedAt">When its facts were applied.</param>
public sealed record EventTrace(
    long Id, string Topic, string WebhookId, string? CorrelationId, DateTimeOffset TriggeredAt, DateTimeOffset ReceivedAt,
    DateTimeOffset? AppliedAt);
