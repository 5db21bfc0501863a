using System.Collections.Immutable;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Preorders;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Ledger;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Explaining;

/// <summary>
/// Answers why a SKU's numbers are, or were, what they are: from the ledger and the histories alone, never from positions
/// or levels as they stand. Three round trips, whatever the age of the question; one more where kits tie SKUs together.
/// </summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock: what "now" is called in an answer.</param>
public sealed class ExplainStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Reads what an explanation is told from.</summary>
    /// <param name="code">What the SKU is called.</param>
    public async Task<StockStory> ReadAsync(TenantId tenant, string code, ExplainQuery query, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var until = query.At is { } at ? LedgerPoint.After(DatabaseTime.Of(at)) : LedgerPoint.Latest;
        var entries = await EntriesAsync(session, query, until, ct).ConfigureAwait(false);
        var more = entries.Count > query.PageSize;
        if (more)
        {
            entries.RemoveAt(entries.Count - 1);
        }

        // Behind the page nothing changes any more; so the page adds up whatever is recorded meanwhile.
        var bottom = entries is [.., var oldest] ? oldest.Point : query.PageFrom ?? until;
        var facts = await FactsAsync(session, query, until, bottom, ct).ConfigureAwait(false);
        var after = Add(facts.Before, entries);
        var pools = facts.Pools ?? after;
        var traces = await TracesAsync(session, query, until, entries, ct).ConfigureAwait(false);
        var page = new EntryPage(
            Trace(entries, after, traces), facts.Before, after, more ? entries[^1].Point : null);
        var tied = await SkuMoment.ReadTiedAsync(session, [.. facts.Tied.Except(query.Sku)], until, ct).ConfigureAwait(false);
        var moment = Moment(session.Tenant, code, query, facts, pools, tied);
        return new StockStory(moment, pools, Levels(moment, facts, query), page, facts.PushesKeptFrom);
    }

    private static Task<List<RecordedEntry>> EntriesAsync(
        StorageSession session, ExplainQuery query, LedgerPoint until, CancellationToken ct) => session.QueryAsync(
        EntryRows.Newest(session, query.Sku, query.Location, query.PageFrom ?? until, query.PageSize + 1), EntryRows.Read, ct);

    private sealed record Facts(
        List<PoolSums> Before, List<PoolSums>? Pools, List<MomentReader.Place> Places, List<MomentReader.Channel> Channels,
        SkuMoment Moment, TiedSkus Tied, List<PushRecord> Pushes, DateTimeOffset? PushesKeptFrom);

    private static async Task<Facts> FactsAsync(
        StorageSession session, ExplainQuery query, LedgerPoint until, LedgerPoint bottom, CancellationToken ct)
    {
        var (sku, at) = (query.Sku, until.RecordedAt);

        // The sums at the moment are those after the first page, unless they are of one location only.
        var apart = query.PageFrom is not null || query.Location is not null;
        await using var batch = session.Batch(
        [
            LedgerSums.Behind(session, sku, query.Location, bottom),
            MomentReader.Places(session), MomentReader.Channels(session), .. SkuMoment.Statements(session, sku, at),
            TraceReader.Latest(session, sku, at), TiedSkus.Statement(session, sku, at), PushRetention.KeptFrom(session),
            .. apart ? [LedgerSums.Behind(session, sku, null, until)] : (NpgsqlBatchCommand[])[],
        ]);
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var before = await StorageSession.ReadAsync(reader, LedgerSums.Read, ct).ConfigureAwait(false);
        var places = await NextAsync(reader, MomentReader.ReadPlace, ct).ConfigureAwait(false);
        var channels = await NextAsync(reader, MomentReader.ReadChannel, ct).ConfigureAwait(false);
        var moment = await SkuMoment.ReadNextAsync(reader, sku, ct).ConfigureAwait(false);
        var pushes = await NextAsync(reader, TraceReader.ReadPush, ct).ConfigureAwait(false);
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        var tied = await TiedSkus.ReadAsync(reader, ct).ConfigureAwait(false);
        var kept = await NextAsync(reader, row => row.Moment(0), ct).ConfigureAwait(false);
        var facts = new Facts(before, null, places, channels, moment, tied, pushes, kept is [var from] ? from : null);
        return apart ? facts with { Pools = await NextAsync(reader, LedgerSums.Read, ct).ConfigureAwait(false) } : facts;
    }

    private static async Task<(ILookup<DateTimeOffset, PushRecord> Pushes, Dictionary<long, EventTrace> Events)> TracesAsync(
        StorageSession session, ExplainQuery query, LedgerPoint until, List<RecordedEntry> entries, CancellationToken ct)
    {
        var moments = entries.Select(e => e.RecordedAt).Distinct().ToList();
        await using var batch = session.Batch(
            TraceReader.Events(session, entries),
            TraceReader.Carriers(session, query.Sku, query.Channel, until.RecordedAt, moments));
        await using var reader = await batch.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var events = await StorageSession.ReadAsync(reader, TraceReader.ReadEvent, ct).ConfigureAwait(false);
        var carriers = await NextAsync(reader, TraceReader.ReadCarrier, ct).ConfigureAwait(false);
        return (carriers.ToLookup(c => moments[(int)c.Moment - 1], c => c.Push), events.ToDictionary(e => e.Id));
    }

    private static async Task<List<T>> NextAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read, CancellationToken ct)
    {
        await reader.NextResultAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, read, ct).ConfigureAwait(false);
    }

    private static List<PoolSums> Add(List<PoolSums> before, List<RecordedEntry> entries)
    {
        var sums = before.ToDictionary(p => p.Location);
        foreach (var entry in entries.Select(e => e.Entry))
        {
            var pool = sums.GetValueOrDefault(entry.Location) ?? new PoolSums(entry.Location, default, 0, 0);
            sums[entry.Location] = pool with { Buckets = pool.Buckets.Add(entry.Bucket, entry.Delta), Entries = pool.Entries + 1, Added = pool.Added + 1 };
        }

        return [.. sums.Values.OrderBy(p => p.Location.Value)];
    }

    private static List<TracedEntry> Trace(
        List<RecordedEntry> entries, List<PoolSums> after,
        (ILookup<DateTimeOffset, PushRecord> Pushes, Dictionary<long, EventTrace> Events) traces)
    {
        var running = after.ToDictionary(p => p.Location, p => p.Buckets);
        return entries.ConvertAll(recorded =>
        {
            var entry = recorded.Entry;
            var sum = running[entry.Location][entry.Bucket];
            running[entry.Location] = running[entry.Location].Add(entry.Bucket, -entry.Delta);
            return new TracedEntry(
                recorded, sum, entry.InboxEvent is { } id ? traces.Events.GetValueOrDefault(id) : null, [.. traces.Pushes[recorded.RecordedAt]]);
        });
    }

    private StockMoment Moment(
        TenantId tenant, string code, ExplainQuery query, Facts facts, List<PoolSums> pools,
        List<(SkuMoment Moment, List<PoolSums> Pools)> tied)
    {
        var (policy, context, stops) = facts.Moment.Interpret(tenant, facts.Channels);
        var state = facts.Moment.ToState(policy, context, pools, facts.Tied);
        var names = new StockNames(
            facts.Places.ToImmutableDictionary(p => p.Id, p => p.Code), facts.Channels.ToImmutableDictionary(c => c.Id, c => c.Name))
        {
            Skus = facts.Tied.Codes,
        };
        // What kits tie together is in one mode; whoever changed last says which.
        var mode = tied.Select(t => t.Moment).Append(facts.Moment).Select(m => m.ModeSaid).Max()?.Mode ?? state.Mode;
        state = state with { Mode = mode };
        var others = tied.Select(t => t.Moment.ToState(t.Moment.Interpret(tenant, facts.Channels).Policy, context, t.Pools, facts.Tied) with { Mode = mode });
        var at = query.At ?? time.GetUtcNow();
        state = PreorderRules.At(state, at);
        return new StockMoment(
            at, code, state, context, names, facts.Moment.Settings.Find(s => s.Subject == "sku")?.Version)
        {
            Tied = Cluster.Of([state, .. others], context),
            Stops = stops,
        };
    }

    private static List<LevelAccount> Levels(StockMoment moment, Facts facts, ExplainQuery query)
    {
        var rows = facts.Moment.Levels.ToLookup(l => l.Level, l => l.Record);
        var planned = moment.Tied.With(moment.Tied.Skus.Select(s => RequestRules.AsIfGranted(s, moment.Context)));
        var shares = ShareAccount.Of(planned, moment.At);
        var pushes = facts.Pushes.ToLookup(p => p.Level);
        return
        [
            .. moment.Sku.Levels
                .Where(l => (query.Location is null || l.Location == query.Location) && (query.Channel is null || l.Connection == query.Channel))
                .Select(l => new LevelAccount(
                    l, [.. rows[l.Id]], BeliefAccount.Of([.. rows[l.Id]]), QuotaAccount.Of(moment, l, shares), [.. pushes[l.Id]])),
        ];
    }
}
