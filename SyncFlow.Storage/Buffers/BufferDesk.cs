using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Buffers;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Buffers;

/// <summary>A buffer policy, or one version of it, as people see it.</summary>
/// <param name="Version">Rises with every change; 0 while there never was one.</param>
/// <param name="Tiers">Slowest first; null where it was withdrawn, or never was.</param>
/// <param name="ChangedBy">Name of the caller.</param>
public sealed record BufferPolicyView(int Version, IReadOnlyList<BufferTier>? Tiers, DateTimeOffset? ChangedAt, string? ChangedBy);

/// <summary>The tenant's buffers by tier, versioned. They are set by way of the breaker (<see cref="Brakes.RuleDesk"/>).</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class BufferDesk(NpgsqlDataSource source)
{
    /// <summary>The policy as it stands.</summary>
    public async Task<BufferPolicyView> FindAsync(TenantId tenant, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await FindAsync(session, ct).ConfigureAwait(false);
    }

    /// <summary>Every version, newest first.</summary>
    /// <param name="before">Only older ones.</param>
    public async Task<List<BufferPolicyView>> VersionsAsync(TenantId tenant, int? before, int count, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await VersionsAsync(session, before, count, ct).ConfigureAwait(false);
    }

    /// <summary>The policy in the form of a change that puts it back.</summary>
    internal static async Task<BufferChange> CurrentAsync(StorageSession session, CancellationToken ct)
    {
        var policy = await FindAsync(session, ct).ConfigureAwait(false);
        return new BufferChange(policy.Tiers is { } tiers ? [.. tiers] : null) { Replaces = policy.Version };
    }

    /// <summary>
    /// Sets or withdraws the policy, gives every pool its buffer by it and asks the worker to plan the SKUs it changes.
    /// </summary>
    internal static async Task WriteAsync(StorageSession session, BufferChange change, string by, DateTimeOffset at, CancellationToken ct)
    {
        await BufferRows.LockAsync(session, ct).ConfigureAwait(false);
        var pools = await BufferEvaluation.OfAllAsync(session, change.Policy, remembering: false, at, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                "INSERT INTO buffer_policies (tenant_id, version, tiers, changed_at, changed_by) VALUES ($1, $2, $3::jsonb, $4, $5)",
                Sql.P(change.Replaces + 1), Sql.P(change.Tiers is { } wanted ? BufferJson.Write(wanted) : null), Sql.P(at), Sql.P(by)),
            ct).ConfigureAwait(false);
        await session.ExecuteAsync(BufferStore.Evaluated(session, at), ct).ConfigureAwait(false);
        await BufferRows.WriteAsync(session, pools, at, ct).ConfigureAwait(false);
    }

    /// <summary>What a policy makes of SKUs: the buffers of their pools by it.</summary>
    internal static async Task<Func<SkuState, SkuState>> AsIfAsync(StorageSession session, BufferChange change, DateTimeOffset now, CancellationToken ct)
    {
        var buffers = (await BufferEvaluation.OfAllAsync(session, change.Policy, remembering: false, now, ct).ConfigureAwait(false))
            .ToDictionary(p => (p.Sku, p.Location), p => p.After);
        return sku => sku with { Pools = [.. sku.Pools.Select(p => p with { Tier = buffers.GetValueOrDefault((sku.Sku, p.Location)) })] };
    }

    private static async Task<BufferPolicyView> FindAsync(StorageSession session, CancellationToken ct) =>
        (await VersionsAsync(session, null, 1, ct).ConfigureAwait(false)).SingleOrDefault() ?? new BufferPolicyView(0, null, null, null);

    private static Task<List<BufferPolicyView>> VersionsAsync(StorageSession session, int? before, int count, CancellationToken ct) => session.QueryAsync(
        session.Of(
            """
            SELECT version, tiers::text, changed_at, changed_by FROM buffer_policies
            WHERE tenant_id = $1 AND ($2::int IS NULL OR version < $2) ORDER BY version DESC LIMIT $3
            """,
            Sql.P(before), Sql.P(count)),
        row => new BufferPolicyView(
            row.GetInt32(0), row.Text(1) is { } tiers ? BufferJson.ReadTiers(tiers) : null, row.Moment(2), row.GetString(3)),
        ct);
}
