using System.Collections.Immutable;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Requests;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Explaining;

/// <summary>What a SKU's shares were worked out by at a moment: policies, launches, paces, and who waited for units.</summary>
internal sealed record RulesReader(
    List<AllocationPolicy> Policies, List<(PolicyScope Scope, long Of, Launch Launch)> Launches, ImmutableArray<ChannelPace> Paces,
    ImmutableArray<RequestLine> Waiting)
{
    /// <summary>Its four queries.</summary>
    public static NpgsqlBatchCommand[] Statements(StorageSession session, SkuId sku, DateTimeOffset at) =>
    [
        session.Of(
            """
            SELECT DISTINCT ON (p.scope, p.scope_id) p.scope, p.scope_id, p.version, p.mode, p.rules::text FROM allocation_versions p
            WHERE p.tenant_id = $1 AND p.changed_at <= $3 AND (p.scope = 1 OR (p.scope = 3 AND p.scope_id = $2)
              OR (p.scope = 2 AND p.scope_id IN (
                SELECT (h.settings ->> 'groupId')::bigint FROM setting_history h
                WHERE h.tenant_id = $1 AND h.subject = 'sku' AND h.subject_id = $2)))
            ORDER BY p.scope, p.scope_id, p.version DESC
            """,
            Sql.P(sku.Value), Sql.P(at)),
        session.Of(
            """
            SELECT l.scope, l.scope_id, l.from_at, l.until_at FROM launches l
            WHERE l.tenant_id = $1 AND l.created_at <= $3 AND coalesce(l.cancelled_at, 'infinity') > $3 AND l.until_at > $3
              AND ((l.scope = 3 AND l.scope_id = $2) OR l.scope = 2)
            ORDER BY l.launch_id
            """,
            Sql.P(sku.Value), Sql.P(at)),
        session.Of(
            "SELECT paces::text FROM pace_history WHERE tenant_id = $1 AND sku_id = $2 AND at <= $3 ORDER BY pace_id DESC LIMIT 1",
            Sql.P(sku.Value), Sql.P(at)),
        session.Of(
            """
            SELECT l.reservation_id, l.line, r.reference, l.units, l.location_id, l.pool_group
            FROM reservation_lines l JOIN reservations r USING (tenant_id, reservation_id)
            WHERE l.tenant_id = $1 AND l.sku_id = $2 AND r.created_at <= $3 AND coalesce(r.granted_at, 'infinity') > $3
              AND coalesce(r.ended_at, 'infinity') > $3 AND NOT EXISTS (
                SELECT FROM ledger_entries e WHERE e.tenant_id = $1 AND e.sku_id = $2 AND e.recorded_at BETWEEN r.created_at AND $3
                  AND e.fact_key = 'reservation:' || l.reservation_id)
            ORDER BY l.reservation_id, l.line
            """,
            Sql.P(sku.Value), Sql.P(at)),
    ];

    /// <summary>Reads the four results; the reader stands before the first, and on the last afterwards.</summary>
    public static async Task<RulesReader> ReadNextAsync(NpgsqlDataReader reader, CancellationToken ct)
    {
        async Task<List<T>> NextAsync<T>(Func<NpgsqlDataReader, T> read)
        {
            await reader.NextResultAsync(ct).ConfigureAwait(false);
            return await StorageSession.ReadAsync(reader, read, ct).ConfigureAwait(false);
        }

        // A version without rules is a withdrawal.
        var policies = (await NextAsync(row => row.IsDBNull(4) ? null : PolicyBook.ReadPolicy(row)).ConfigureAwait(false))
            .OfType<AllocationPolicy>().ToList();
        var launches = await NextAsync(
            row => ((PolicyScope)row.GetInt16(0), row.GetInt64(1), new Launch(row.Moment(2), row.Moment(3)))).ConfigureAwait(false);
        var paces = await NextAsync(row => SalesRows.ReadPaces(row.GetString(0))).ConfigureAwait(false);
        var waiting = await NextAsync(row => RequestLine.Asking(
            new RequestId(row.GetInt64(0)), row.GetInt32(1), row.GetString(2), row.GetInt32(3),
            row.Nullable<long>(4) is { } place ? new LocationId(place) : null) with
        { Group = row.Nullable<int>(5) }).ConfigureAwait(false);
        return new RulesReader(policies, launches, paces.Count == 0 ? [] : paces[0], [.. waiting]);
    }

    /// <summary>A SKU with these rules.</summary>
    /// <param name="group">The group it was in.</param>
    /// <param name="modeSet">Whether its mode was its own.</param>
    public SkuState Complete(SkuState sku, long? group, bool modeSet) => sku with
    {
        Policy = new PolicyBook(Policies, Launches).Complete(sku.Policy, sku.Sku, group, modeSet),
        SharedBy = "",
        Sales = SalesMemory.None with { Channels = Paces },
        Requests = Waiting,
    };
}
