using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Buffers;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Buffers;

/// <summary>
/// Keeps buffers by tier in line with what sells: once a day, by UTC, tiers are evaluated; pools that came since get a
/// buffer at the next look. Any number of workers may do it at once: the tenant's lock lets one at a time.
/// </summary>
/// <param name="source">Acts as the worker role.</param>
/// <param name="time">The clock.</param>
public sealed class BufferStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Tenants with a policy.</summary>
    public async Task<IReadOnlyList<TenantId>> TenantsAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenant_id FROM buffer_tenants()");
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => new TenantId(row.GetInt64(0)), ct).ConfigureAwait(false);
    }

    /// <summary>Looks after all tenants with a policy; returns how many pools have another buffer now.</summary>
    public async Task<int> RunAsync(CancellationToken ct)
    {
        var changed = 0;
        foreach (var tenant in await TenantsAsync(ct).ConfigureAwait(false))
        {
            changed += await RunAsync(tenant, ct).ConfigureAwait(false);
        }

        return changed;
    }

    /// <summary>Evaluates a tenant's tiers where that was not done today, else only what is new.</summary>
    public async Task<int> RunAsync(TenantId tenant, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await BufferRows.LockAsync(session, ct).ConfigureAwait(false);
        if (await BufferRows.PolicyAsync(session, ct).ConfigureAwait(false) is not { } policy)
        {
            return 0;
        }

        var changed = await IsDueAsync(session, now, ct).ConfigureAwait(false)
            ? await EvaluateAsync(session, policy, now, ct).ConfigureAwait(false)
            : await BufferRows.WriteAsync(session, await BufferEvaluation.OfNewAsync(session, policy, ct).ConfigureAwait(false), now, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return changed;
    }

    private static async Task<int> EvaluateAsync(StorageSession session, BufferPolicy policy, DateTimeOffset now, CancellationToken ct)
    {
        var pools = await BufferEvaluation.OfAllAsync(session, policy, remembering: true, now, ct).ConfigureAwait(false);
        await session.ExecuteAsync(Evaluated(session, now), ct).ConfigureAwait(false);
        return await BufferRows.WriteAsync(session, pools, now, ct).ConfigureAwait(false);
    }

    /// <summary>Notes that all pools were looked at.</summary>
    internal static NpgsqlBatchCommand Evaluated(StorageSession session, DateTimeOffset now) => session.Of(
        """
        INSERT INTO buffer_evaluations (tenant_id, evaluated_at) VALUES ($1, $2)
        ON CONFLICT (tenant_id) DO UPDATE SET evaluated_at = excluded.evaluated_at
        """,
        Sql.P(now));

    private static async Task<bool> IsDueAsync(StorageSession session, DateTimeOffset now, CancellationToken ct)
    {
        var last = await session.QueryAsync(
            session.Of("SELECT evaluated_at FROM buffer_evaluations WHERE tenant_id = $1"), row => row.Moment(0), ct).ConfigureAwait(false);
        return last.Count == 0 || last[0].UtcDateTime.Date < now.UtcDateTime.Date;
    }
}
