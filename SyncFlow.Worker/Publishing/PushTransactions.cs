using Npgsql;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Worker.Publishing;

/// <summary>A push that is stored and may be sent.</summary>
internal sealed record PlannedPush(Push Push, string Body);

/// <summary>
/// The transactions of publishing. Each locks the SKUs it writes, decides by the rules of Core, and commits; nothing is
/// locked while a channel is called.
/// </summary>
internal sealed class PushTransactions(NpgsqlDataSource source, Signals signals, TimeProvider time)
{
    /// <summary>Levels that want a push now, most urgent first.</summary>
    public async Task<List<PlanCandidate>> CandidatesAsync(TenantId tenant, ConnectionId connection, int limit, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await PushStore.CandidatesAsync(session, connection, limit, ct).ConfigureAwait(false);
    }

    /// <summary>Plans and stores one push of these levels; null when none of them has anything to say any more.</summary>
    public Task<PlannedPush?> PlanAsync(
        TenantId tenant, ConnectionId connection, IReadOnlyList<PlanCandidate> candidates, long epoch, CancellationToken ct) =>
        RetryAsync(async () =>
        {
            await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
            BrakeLock.EnterPlan(session);
            var now = DatabaseTime.Now(time);
            var set = await StockStore.LoadSkusAsync(session, SkusOf(candidates.Select(c => c.Sku)), ct).ConfigureAwait(false);
            var plan = Planner.Plan(set, connection, candidates, Guid.CreateVersion7(now), now);
            PlannedPush? planned = null;
            if (plan.Push is { } push)
            {
                planned = new PlannedPush(push, ShopifyClient.PrepareSetBody(push));
                await PushStore.StoreIntentAsync(session, set, push, planned.Body, epoch, ct).ConfigureAwait(false);
            }
            else
            {
                await StockStore.SaveAsync(session, set, "plan", now, ct).ConfigureAwait(false);
            }

            await session.CommitAsync(ct).ConfigureAwait(false);
            return planned;
        }, ct);

    /// <summary>Settles the answers of a push: the levels and the push in one transaction.</summary>
    /// <param name="fault">Why the call failed as a whole, if it did.</param>
    /// <param name="sentAt">When the call began.</param>
    public async Task SettleAsync(
        TenantId tenant, Push push, IReadOnlyList<ElementAnswer> answers, string? fault, DateTimeOffset sentAt, long epoch,
        CancellationToken ct)
    {
        await RetryAsync(async () =>
        {
            await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
            var now = DatabaseTime.Now(time);
            var set = await StockStore.LoadSkusAsync(session, SkusOf(push.Elements.Select(e => e.Sku)), ct).ConfigureAwait(false);
            Settlement.Settle(set, push, answers, now);
            await PushStore.SettleAsync(session, set, push, answers, fault, sentAt, epoch, now, ct).ConfigureAwait(false);
            await session.CommitAsync(ct).ConfigureAwait(false);
            return true;
        }, ct).ConfigureAwait(false);
        Measure(push, answers, DatabaseTime.Now(time));
        signals.Raise(tenant);
    }

    /// <summary>Before a request goes out a second time (<see cref="Deadlines.Extend"/>); false when it must not.</summary>
    public Task<bool> ExtendAsync(TenantId tenant, Push push, long epoch, CancellationToken ct) => RetryAsync(async () =>
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var now = DatabaseTime.Now(time);
        var set = await StockStore.LoadSkusAsync(session, SkusOf(push.Elements.Select(e => e.Sku)), ct).ConfigureAwait(false);
        if (!Deadlines.Extend(set, push, now))
        {
            return false;
        }

        await StockStore.SaveAsync(session, set, "replay", now, ct).ConfigureAwait(false);
        await LeaseStore.RequireAsync(session, push.Connection, epoch, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return true;
    }, ct);

    /// <summary>Pushes that nobody has answered for.</summary>
    public async Task<List<StoredPush>> UnsettledAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await PushStore.UnsettledAsync(session, connection, ct).ConfigureAwait(false);
    }

    /// <summary>Closes lost pushes that readings have settled.</summary>
    public async Task CloseResolvedAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await PushStore.CloseResolvedAsync(session, connection, DatabaseTime.Now(time), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }

    private static List<SkuId> SkusOf(IEnumerable<SkuId> skus) => [.. skus.Distinct()];

    private static void Measure(Push push, IReadOnlyList<ElementAnswer> answers, DateTimeOffset now)
    {
        foreach (var group in answers.GroupBy(a => a.Outcome))
        {
            WorkerMeter.Elements.Add(group.Count(), new KeyValuePair<string, object?>("outcome", group.Key.ToString()));
        }

        var acknowledged = answers.Where(a => a.Outcome == ElementOutcome.Acknowledged).Select(a => a.Level).ToHashSet();
        foreach (var element in push.Elements.Where(e => e.To < e.From && e.CauseAt is not null && acknowledged.Contains(e.Level)))
        {
            WorkerMeter.Latency.Record(Math.Max(0, (now - element.CauseAt!.Value).TotalSeconds));
        }
    }

    private async Task<T> RetryAsync<T>(Func<Task<T>> transaction, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await transaction().ConfigureAwait(false);
            }
            catch (PostgresException deadlock) when (
                deadlock.SqlState == PostgresErrorCodes.DeadlockDetected && attempt <= RetrySchedule.Deadlock.Times)
            {
                WorkerMeter.Deadlocks.Add(1);
                await Task.Delay(RetrySchedule.Deadlock.After(attempt), time, ct).ConfigureAwait(false);
            }
        }
    }
}
