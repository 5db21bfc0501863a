using System.Diagnostics;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Worker.Apply;

/// <summary>
/// Applies a tenant's inbox: claim, understand, lock and load, fold, write and mark, in one transaction. Any number may
/// run side by side: claims are disjoint, and SKUs are locked in one order. A batch that fails is undone, and its
/// events are tried one by one, so that one bad event stops only itself.
/// </summary>
public sealed partial class ApplyPipeline(NpgsqlDataSource source, InboxStore inbox, TimeProvider time, ILogger<ApplyPipeline> log)
{
    /// <summary>Times a deadlock is answered by trying again.</summary>
    public const int DeadlockRetries = 3;

    private const int LongestError = 500;

    /// <summary>Applies up to <see cref="InboxRetries.UsuallyClaimed"/> due events of a tenant.</summary>
    public Task<ApplyResult> RunAsync(TenantId tenant, CancellationToken ct) => RunAsync(tenant, InboxRetries.UsuallyClaimed, ct);

    /// <summary>Applies due events of a tenant.</summary>
    /// <param name="limit">Most events, at most <see cref="InboxRetries.MostClaimed"/>.</param>
    /// <param name="share">Which of them.</param>
    public async Task<ApplyResult> RunAsync(TenantId tenant, int limit, CancellationToken ct, InboxShare share = InboxShare.All)
    {
        var claimed = new List<InboxItem>();
        try
        {
            return await WithDeadlockRetriesAsync(() => ApplyBatchAsync(tenant, limit, share, claimed, ct)).ConfigureAwait(false);
        }
        catch (Exception failure) when (IsOfTheEvents(failure, ct) && claimed.Count > 0)
        {
            // The job boundary: whatever went wrong was undone whole. Which event it was shows one by one.
            ApplyMetrics.BatchesFailed.Add(1);
            BatchFailed(log, tenant.Value, claimed.Count, failure);
            return await ApplySinglyAsync(tenant, claimed, ct).ConfigureAwait(false);
        }
    }

    private async Task<ApplyResult> ApplyBatchAsync(TenantId tenant, int limit, InboxShare share, List<InboxItem> claimed, CancellationToken ct)
    {
        claimed.Clear();
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        claimed.AddRange(await inbox.ClaimAsync(session, limit, ct, share).ConfigureAwait(false));
        if (claimed.Count == 0)
        {
            return ApplyResult.Nothing;
        }

        return await ApplyAsync(session, claimed, ct).ConfigureAwait(false);
    }

    private async Task<ApplyResult> ApplySinglyAsync(TenantId tenant, List<InboxItem> items, CancellationToken ct)
    {
        var connections = new HashSet<ConnectionId>();
        var failed = 0;
        foreach (var item in items)
        {
            try
            {
                connections.UnionWith(
                    await WithDeadlockRetriesAsync(() => ApplyOneAsync(tenant, item.Key, ct)).ConfigureAwait(false));
            }
            catch (Exception failure) when (IsOfTheEvents(failure, ct))
            {
                failed++;
                await RecordFailureAsync(tenant, item, failure, ct).ConfigureAwait(false);
            }
        }

        return new ApplyResult(items.Count, failed, connections);
    }

    private async Task<IReadOnlyCollection<ConnectionId>> ApplyOneAsync(TenantId tenant, InboxKey key, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var item = await InboxStore.ClaimOneAsync(session, key, ct).ConfigureAwait(false);
        return item is null ? [] : (await ApplyAsync(session, [item], ct).ConfigureAwait(false)).Connections; // Another worker has it, or had.
    }

    /// <summary>Applies claimed events and commits.</summary>
    private async Task<ApplyResult> ApplyAsync(StorageSession session, List<InboxItem> items, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        using var activity = ApplyMetrics.Activities.StartActivity("apply", ActivityKind.Consumer);
        activity?.SetTag("syncflow.tenant", session.Tenant.Value);
        activity?.SetTag("syncflow.events", items.Count);

        var events = Understand(items);
        var set = await StockStore.LoadAsync(session, FactRefs.Of(events.SelectMany(e => e.Facts)), ct).ConfigureAwait(false);
        var now = DatabaseTime.Now(time);
        var save = new StagedSave(session, now, ct);
        await using var free = save.ConfigureAwait(false);
        save.Expect(events.ConvertAll(e => e.WithoutFacts(set.Context) ?? e.Done(FactOutcome.Applied)));
        var marks = events.ConvertAll(e => e.WithoutFacts(set.Context) ?? e.Done(Fold(set, e, now)));
        save.SaveFacts(set, marks);
        set.Incidents.AddRange(Died(items, marks, now));
        Replanner.Replan(set, now);
        await save.SaveAsync(set, Cause(items)).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);

        Count(items, marks, time.GetElapsedTime(started));
        var connections = set.ChangedLevels.Where(l => l.Level.WantsPush || l.Level.WantsReading).Select(l => l.Level.Connection)
            .Concat(set.Work.Select(w => w.Connection)).Distinct();
        return new ApplyResult(items.Count, 0, [.. connections]) { Facts = events.Sum(e => e.Facts.Length) };
    }

    /// <summary>
    /// What events mean. Their bodies go: what lives until the end of a large batch is copied by the collector again and again.
    /// </summary>
    private static List<EventFacts> Understand(List<InboxItem> items)
    {
        var events = new List<EventFacts>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            var understood = EventFacts.Of(items[i]);
            items[i] = items[i] with { Body = default };
            events.Add(understood with { Item = items[i] });
        }

        return events;
    }

    /// <summary>Folds an event's facts; its outcome is the most telling of theirs (the lowest number).</summary>
    private static FactOutcome? Fold(WorkingSet set, EventFacts e, DateTimeOffset now)
    {
        FactOutcome? outcome = null;
        foreach (var fact in e.Facts)
        {
            var one = FactEngine.Apply(set, fact, now);
            outcome = outcome is null || one < outcome ? one : outcome;
        }

        return outcome;
    }

    /// <summary>What is malformed is dead at once: the first that anybody can know of it.</summary>
    private static IEnumerable<Incident> Died(List<InboxItem> items, List<InboxMark> marks, DateTimeOffset at) => items.Zip(marks)
        .Where(pair => pair.Second.State == InboxState.Dead)
        .Select(pair => DeadLetterIncidents.Of(pair.First.Connection, pair.First.Topic, pair.Second.Reason, at));

    private async Task RecordFailureAsync(TenantId tenant, InboxItem item, Exception failure, CancellationToken ct)
    {
        var message = $"{failure.GetType().Name}: {failure.Message}";
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var state = await inbox.RecordFailureAsync(
            session, item, message.Length <= LongestError ? message : message[..LongestError], ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        ApplyMetrics.EventsFailed.Add(1, new KeyValuePair<string, object?>("state", state.ToString()));
        EventFailed(log, tenant.Value, item.Key.EventId, item.Topic, item.Attempts + 1, state, failure);
    }

    private static async Task<T> WithDeadlockRetriesAsync<T>(Func<Task<T>> work)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await work().ConfigureAwait(false);
            }
            catch (PostgresException raced) when (StockStore.IsWorthAnotherTry(raced) && attempt <= DeadlockRetries)
            {
                ApplyMetrics.Deadlocks.Add(1);
            }
        }
    }

    /// <summary>
    /// Whether a failure may lie in the events themselves. A database that is away, or a stop, is not theirs: it must
    /// not use up their attempts.
    /// </summary>
    private static bool IsOfTheEvents(Exception failure, CancellationToken ct) => failure switch
    {
        OperationCanceledException when ct.IsCancellationRequested => false,
        PostgresException { IsTransient: false } => true,
        NpgsqlException => false,
        _ => true,
    };

    private static string Cause(List<InboxItem> items)
    {
        var topics = items.Select(i => i.Topic).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        return topics.Count == 1 ? topics[0] : $"{topics[0]} and {topics.Count - 1} more";
    }

    private static void Count(List<InboxItem> items, List<InboxMark> marks, TimeSpan took)
    {
        ApplyMetrics.Batches.Record(took.TotalMilliseconds);
        foreach (var group in items.Zip(marks).GroupBy(pair => (pair.First.Content, pair.Second.State)))
        {
            ApplyMetrics.Events.Add(
                group.Count(),
                new KeyValuePair<string, object?>("content", group.Key.Content),
                new KeyValuePair<string, object?>("state", group.Key.State.ToString()));
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A batch of {Events} events of tenant {Tenant} failed and was undone; trying them one by one.")]
    private static partial void BatchFailed(ILogger log, long tenant, int events, Exception failure);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Event {Event} ({Topic}) of tenant {Tenant} could not be applied (attempt {Attempt}); it is now {State}.")]
    private static partial void EventFailed(ILogger log, long tenant, long @event, string topic, int attempt, InboxState state, Exception failure);
}
