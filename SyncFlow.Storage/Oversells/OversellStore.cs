using System.Text.Json;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Oversells;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Operations;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Oversells;

/// <summary>Works out settlements and keeps decisions about them.</summary>
/// <param name="source">Acts as the api or the worker role.</param>
/// <param name="time">The clock.</param>
public sealed class OversellStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Newest commitments of the short SKU that are looked through for open lines.</summary>
    public const int MostEntries = 2_000;

    /// <summary>Tenants with shortages that nothing is proposed for; for the worker role.</summary>
    public async Task<IReadOnlyList<TenantId>> TenantsToProposeForAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenants_with_noticed_oversells()");
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => new TenantId(row.GetInt64(0)), ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Proposes a settlement for the tenant's oldest case without one; a policy may confirm it at once. A case for which that
    /// fails is set aside (<see cref="SetAside"/>), so that those behind it have their turn.
    /// </summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> ProposeNextAsync(TenantId tenant, CancellationToken ct)
    {
        if (await NextAsync(tenant, ct).ConfigureAwait(false) is not { } next)
        {
            return false;
        }

        try
        {
            await ProposeAsync(tenant, next.Id, next.Sku, next.Group, ct).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException && !DatabaseFaults.MayPass(failure))
        {
            await SetAside.ShortageAsync(source, tenant, next.Id, failure, ct).ConfigureAwait(false); // The job boundary of one case.
        }

        return true;
    }

    private async Task<(long Id, SkuId Sku, int Group)?> NextAsync(TenantId tenant, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var found = await session.QueryAsync(
            session.Of(
                """
                SELECT oversell_id, sku_id, pool_group FROM oversells
                WHERE tenant_id = $1 AND state = 1 AND (propose_after IS NULL OR propose_after <= clock_timestamp()) ORDER BY oversell_id LIMIT 1
                """),
            row => (row.GetInt64(0), new SkuId(row.GetInt64(1)), row.GetInt32(2)),
            ct).ConfigureAwait(false);
        return found.Count == 0 ? null : found[0];
    }

    private async Task ProposeAsync(TenantId tenant, long id, SkuId sku, int group, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var orders = await OrderRows.LockAsync(session, await OrdersAsync(session, sku, group, ct).ConfigureAwait(false), placeholders: false, ct).ConfigureAwait(false);
        var set = await SkuRows.LockAndReadAsync(session, [sku], SkuKeys.None, ct).ConfigureAwait(false);
        var units = await LockAsync(session, id, OversellState.Noticed, ct).ConfigureAwait(false);
        if (units is not { } lacking)
        {
            return; // Resolved, or proposed by another worker, since it was found.
        }

        var rules = await SettlementRulesRows.ReadAsync(session, ct).ConfigureAwait(false);
        var busy = await OpenActionsAsync(session, id, ct).ConfigureAwait(false);
        var lines = PromisedLines.Of(set, sku, group, orders)
            .Where(l => !busy.Exists(b => b.Connection == l.Connection.Value && b.OrderRef == l.OrderRef && b.LineRef == l.LineRef));
        var proposal = SettlementProposals.For(
            Math.Max(0, lacking - busy.Sum(b => b.Units)), lines, PromisedLines.Spare(Cluster.Of(set, sku), sku, group), rules);
        await StoreAsync(session, id, lacking, proposal, ct).ConfigureAwait(false);
        if (rules.Confirmation == SettlementConfirmation.Everything
            || (rules.Confirmation == SettlementConfirmation.Resource && proposal.OnlyResources))
        {
            await DecideAsync(session, id, "policy", null, given: null, ct).ConfigureAwait(false);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Takes the proposal: what it asks for is to be done on the channels, and what it costs is booked to the case's cause.</summary>
    /// <param name="cost">What it costs all in all, where a person says so; else what its lines were sold for, and the rules' costs.</param>
    public Task<OversellDecision> ConfirmAsync(TenantId tenant, long id, string by, string? note, Money? cost, CancellationToken ct) =>
        ChangeAsync(
            tenant, id,
            state => state switch
            {
                OversellState.Proposed => null,
                OversellState.Noticed => OversellDecision.NotProposed,
                _ => OversellDecision.Decided,
            },
            session => DecideAsync(session, id, by, note, cost, ct),
            ct);

    /// <summary>Lets the shortage stand; it is shown again when it grows.</summary>
    public Task<OversellDecision> DismissAsync(TenantId tenant, long id, string by, string? note, CancellationToken ct) =>
        ChangeAsync(
            tenant, id,
            state => state is OversellState.Noticed or OversellState.Proposed ? null : OversellDecision.Decided,
            session => session.ExecuteAsync(
                session.Of(
                    "UPDATE oversells SET state = 4, decided_at = $3, decided_by = $4, note = $5 WHERE tenant_id = $1 AND oversell_id = $2",
                    Sql.P(id), Sql.P(DatabaseTime.Now(time)), Sql.P(by), Sql.P(note)),
                ct),
            ct);

    private async Task<OversellDecision> ChangeAsync(
        TenantId tenant, long id, Func<OversellState, OversellDecision?> against, Func<StorageSession, Task> change, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var states = await session.QueryAsync(
            session.Of("SELECT state FROM oversells WHERE tenant_id = $1 AND oversell_id = $2 FOR NO KEY UPDATE", Sql.P(id)),
            row => (OversellState)row.GetInt16(0),
            ct).ConfigureAwait(false);
        if (states.Count == 0)
        {
            return OversellDecision.NotFound;
        }

        if (against(states[0]) is { } refused)
        {
            return refused;
        }

        await change(session).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return OversellDecision.Done;
    }

    private async Task DecideAsync(StorageSession session, long id, string by, string? note, Money? given, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        var rules = await SettlementRulesRows.ReadAsync(session, ct).ConfigureAwait(false);
        await SettlementCostRows.BookAsync(session, id, rules, given, by, now, ct).ConfigureAwait(false);
        await using var batch = session.Batch(
            session.Of(
                """
                INSERT INTO oversell_actions (tenant_id, oversell_id, kind, connection_id, order_ref, line_ref, units, to_location_id, created_at, value, currency)
                SELECT $1, o.oversell_id, p.kind, p.connection, p."order", p.line, p.units, p."to", $3, p.value, p.currency
                FROM oversells o CROSS JOIN LATERAL jsonb_to_recordset(o.proposal)
                  AS p (kind smallint, connection bigint, "order" text, line text, units int, "to" bigint, value numeric, currency text)
                WHERE o.tenant_id = $1 AND o.oversell_id = $2
                """,
                Sql.P(id), Sql.P(now)),
            session.Of(
                "UPDATE oversells SET state = 3, decided_at = $3, decided_by = $4, note = $5 WHERE tenant_id = $1 AND oversell_id = $2",
                Sql.P(id), Sql.P(now), Sql.P(by), Sql.P(note)));
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Orders that newly committed units of the SKU in the group: the newest, for later ones are settled first.</summary>
    private static async Task<List<(ConnectionId, string)>> OrdersAsync(
        StorageSession session, SkuId sku, int group, CancellationToken ct) => await session.QueryAsync(
        session.Of(
            """
            SELECT DISTINCT e.connection_id, substr(e.fact_key, length('order:' || e.connection_id || ':') + 1)
            FROM (
              SELECT connection_id, fact_key FROM ledger_entries
              WHERE tenant_id = $1 AND sku_id = $2 AND bucket = 2 AND delta > 0 AND connection_id IS NOT NULL
                AND location_id IN (SELECT location_id FROM locations WHERE tenant_id = $1 AND pool_group = $3)
              ORDER BY entry_id DESC LIMIT $4) e
            JOIN orders o ON o.tenant_id = $1 AND o.connection_id = e.connection_id
              AND o.order_ref = substr(e.fact_key, length('order:' || e.connection_id || ':') + 1)
            """,
            Sql.P(sku.Value), Sql.P(group), Sql.P(MostEntries)),
        row => (new ConnectionId(row.GetInt64(0)), row.GetString(1)),
        ct).ConfigureAwait(false);

    /// <summary>Locks a case; its units where it is still in that state.</summary>
    private static async Task<int?> LockAsync(StorageSession session, long id, OversellState state, CancellationToken ct)
    {
        var units = await session.QueryAsync(
            session.Of(
                "SELECT units FROM oversells WHERE tenant_id = $1 AND oversell_id = $2 AND state = $3 FOR NO KEY UPDATE",
                Sql.P(id), Sql.P((short)state)),
            row => row.GetInt32(0),
            ct).ConfigureAwait(false);
        return units.Count == 0 ? null : units[0];
    }

    private static Task<List<OpenAction>> OpenActionsAsync(StorageSession session, long id, CancellationToken ct) => session.QueryAsync(
        session.Of(
            "SELECT connection_id, order_ref, line_ref, units FROM oversell_actions WHERE tenant_id = $1 AND oversell_id = $2 AND state = 1",
            Sql.P(id)),
        row => new OpenAction(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt32(3)),
        ct);

    private Task<int> StoreAsync(StorageSession session, long id, int units, SettlementProposal proposal, CancellationToken ct)
    {
        var steps = JsonSerializer.Serialize(proposal.Actions.Select(a => new
        {
            kind = (short)a.Kind,
            connection = a.Connection.Value,
            order = a.OrderRef,
            line = a.LineRef,
            units = a.Units,
            to = a.To?.Value,
            value = a.Value?.Amount,
            currency = a.Value?.Currency,
        }));
        return session.ExecuteAsync(
            session.Of(
                """
                UPDATE oversells SET state = 2, proposal = $3::jsonb, proposed_units = $4, left_units = $5, proposed_at = $6, propose_after = NULL
                WHERE tenant_id = $1 AND oversell_id = $2
                """,
                Sql.P(id), Sql.P(steps), Sql.P(units), Sql.P(proposal.Left), Sql.P(DatabaseTime.Now(time))),
            ct);
    }

    /// <summary>A confirmed action that nobody has done yet.</summary>
    private sealed record OpenAction(long Connection, string OrderRef, string LineRef, int Units);
}
