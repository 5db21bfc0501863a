using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Billing;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Billing;

/// <summary>
/// What billing allows a tenant, where plans read it. It is a switch like the brakes: set under their lock, so that a
/// push planned after it cannot raise a level that it stopped.
/// </summary>
/// <param name="source">Of the role worker.</param>
/// <param name="time">The clock.</param>
public sealed class StandingStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>
    /// Decides by the rules from what is stored, and stores what that comes to. Where growing stops or begins again, the
    /// tenant's SKUs are planned anew (a run of kind <c>replan</c>).
    /// </summary>
    public async Task<Entitlement> DecideAsync(TenantId tenant, BillingTerms terms, DateTimeOffset since, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(terms);
        var now = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await BrakeLock.EnterSwitchAsync(session, ct).ConfigureAwait(false);
        var period = BillingPeriod.Of(await PeriodStore.AnchorAsync(session, ct).ConfigureAwait(false), now);
        var usage = (await PeriodStore.ReadAsync(session, period, ct).ConfigureAwait(false)).Usage;
        var subscriptions = await SubscriptionStore.ListAsync(session, ct).ConfigureAwait(false);
        var decided = BillingRules.Decide(terms, since, subscriptions, usage, now);
        await PeriodStore.NoteFullAsync(session, period, usage.Used >= decided.Allowed ? now : null, ct).ConfigureAwait(false);
        await WarnAsync(session, period, usage.Used, decided, now, ct).ConfigureAwait(false);
        var grew = await StandsAsync(session, ct).ConfigureAwait(false) != (short)BillingStanding.Stopped;
        await session.ExecuteAsync(Put(session, decided, now), ct).ConfigureAwait(false);
        if (grew != decided.MayGrow)
        {
            await session.ExecuteAsync(
                session.Of("INSERT INTO sync_runs (tenant_id, kind, parameters, created_at) VALUES ($1, 'replan', '{}', $2)", Sql.P(now)), ct).ConfigureAwait(false);
        }

        await TellAsync(session, decided, now, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return decided;
    }

    private static async Task<short?> StandsAsync(StorageSession session, CancellationToken ct)
    {
        var found = await session.QueryAsync(
            session.Of("SELECT standing FROM billing_standing WHERE tenant_id = $1"), row => row.GetInt16(0), ct).ConfigureAwait(false);
        return found.Count == 1 ? found[0] : null;
    }

    private static NpgsqlBatchCommand Put(StorageSession session, Entitlement decided, DateTimeOffset now) => session.Of(
        """
        INSERT INTO billing_standing AS b (tenant_id, standing, plan, max_stores, included, allowed, until, why, since, checked_at, weight)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)
        ON CONFLICT (tenant_id) DO UPDATE SET
          standing = excluded.standing, plan = excluded.plan, max_stores = excluded.max_stores, included = excluded.included,
          allowed = excluded.allowed, until = excluded.until, why = excluded.why, checked_at = excluded.checked_at, weight = excluded.weight,
          since = CASE WHEN b.standing = excluded.standing THEN b.since ELSE excluded.since END
        """,
        Sql.P((short)decided.Standing), Sql.P(decided.Plan.Id), Sql.P(decided.Plan.MaxStores), Sql.P(decided.Plan.SyncsPerMonth),
        Sql.P(decided.Allowed), Sql.P(DatabaseTime.Of(decided.Until)), Sql.P(decided.Why), Sql.P(now), Sql.P(decided.Plan.Weight));

    /// <summary>One notice for each share of the included syncs, once a period.</summary>
    private static async Task WarnAsync(
        StorageSession session, BillingPeriod period, long used, Entitlement decided, DateTimeOffset now, CancellationToken ct)
    {
        foreach (var percent in BillingRules.Reached(used, decided.Plan.SyncsPerMonth))
        {
            if (await PeriodStore.NoteWarnedAsync(session, period, percent, ct).ConfigureAwait(false))
            {
                await session.ExecuteAsync(
                    CaseRows.UpsertIncidents(
                        session,
                        [
                            new Incident(
                                $"usage:{period.Start:yyyy-MM-dd}:{percent}", "billing-usage",
                                $"{percent} % of the {decided.Plan.SyncsPerMonth} syncs that {decided.Plan.Name} includes until {period.End:yyyy-MM-dd} are used.",
                                null, null, null, now),
                        ]),
                    ct).ConfigureAwait(false);
            }
        }
    }

    /// <summary>One incident while billing is in grace or has stopped growth; it closes when that is over.</summary>
    private static Task<int> TellAsync(StorageSession session, Entitlement decided, DateTimeOffset now, CancellationToken ct)
    {
        const string key = "billing";
        return session.ExecuteAsync(
            decided.Why is { } why
                ? CaseRows.UpsertIncidents(
                    session,
                    [
                        new Incident(
                            key, "billing",
                            decided.MayGrow
                                ? $"{why} Until {decided.Until:yyyy-MM-dd HH:mm} UTC everything works; after that nothing is raised and no store is added."
                                : $"{why} Nothing is raised and no store is added. Decreases flow at once, as ever, so nothing is oversold for it.",
                            null, null, null, now),
                    ])
                : CaseRows.CloseIncidents(session, [key], now),
            ct);
    }
}
