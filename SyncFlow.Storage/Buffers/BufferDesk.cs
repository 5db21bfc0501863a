using System.Collections.Immutable;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Buffers;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Buffers;

/// <summary>A buffer policy, or one version of it, as people see it.</summary>
/// <param name="Version">Rises with every change; 0 while there never was one.</param>
/// <param name="Tiers">Slowest first; null where it was withdrawn, or never was.</param>
/// <param name="ChangedBy">Name of the caller.</param>
public sealed record BufferPolicyView(int Version, IReadOnlyList<BufferTier>? Tiers, DateTimeOffset? ChangedAt, string? ChangedBy);

/// <summary>The tenant's buffers by tier: versioned, previewed, and planned with as soon as they are set.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class BufferDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>SKUs that a preview reads at a time.</summary>
    public const int PageSize = 500;

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

    /// <summary>
    /// Sets or withdraws the policy, gives every pool its buffer by it and asks the worker to plan the SKUs it changes, in
    /// one transaction. What stands already is not set again.
    /// </summary>
    /// <param name="tiers">Null withdraws it.</param>
    /// <param name="expected">The version the caller read; null where any will do.</param>
    /// <returns>The policy as it is now; null where somebody changed it since the caller read it.</returns>
    public async Task<BufferPolicyView?> SetAsync(
        TenantId tenant, ImmutableArray<BufferTier>? tiers, int? expected, string by, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await BufferRows.LockAsync(session, ct).ConfigureAwait(false);
        var before = await FindAsync(session, ct).ConfigureAwait(false);
        if (expected is { } version && version != before.Version)
        {
            return null;
        }

        if (tiers is { } same ? before.Tiers is { } was && was.SequenceEqual(same) : before.Tiers is null)
        {
            return before;
        }

        var pools = await BufferEvaluation.OfAllAsync(session, PolicyOf(before, tiers), remembering: false, now, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                "INSERT INTO buffer_policies (tenant_id, version, tiers, changed_at, changed_by) VALUES ($1, $2, $3::jsonb, $4, $5)",
                Sql.P(before.Version + 1), Sql.P(tiers is { } wanted ? BufferJson.Write(wanted) : null), Sql.P(now), Sql.P(by)),
            ct).ConfigureAwait(false);
        await session.ExecuteAsync(BufferStore.Evaluated(session, now), ct).ConfigureAwait(false);
        await BufferRows.WriteAsync(session, pools, now, ct).ConfigureAwait(false);
        var after = await FindAsync(session, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return after;
    }

    /// <summary>All writes that would follow from a policy, in the order of their steps, by the rules that would plan them.</summary>
    /// <param name="tiers">Null for a withdrawal.</param>
    public async Task<List<PreviewedWrite>> PreviewAsync(TenantId tenant, ImmutableArray<BufferTier>? tiers, CancellationToken ct)
    {
        var now = DatabaseTime.Now(time);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var policy = PolicyOf(await FindAsync(session, ct).ConfigureAwait(false), tiers);
        var buffers = (await BufferEvaluation.OfAllAsync(session, policy, remembering: false, now, ct).ConfigureAwait(false))
            .ToDictionary(p => (p.Sku, p.Location), p => p.After);
        var (writes, done) = (new List<PreviewedWrite>(), new HashSet<SkuId>());
        for (var after = new SkuId(0); ;)
        {
            var page = await SkuPages.NextAsync(session, new SkuFilter(), after, PageSize, ct).ConfigureAwait(false);
            if (page.Count == 0)
            {
                return [.. writes.OrderBy(w => w.Step).ThenBy(w => w.Sku.Value).ThenBy(w => w.Level.Value)];
            }

            // What kits tie to a SKU comes with it, and is not looked at again.
            after = page[^1];
            page.RemoveAll(done.Contains);
            var loaded = await StockStore.ReadSkusAsync(session, page, ct).ConfigureAwait(false);
            done.UnionWith(loaded.Skus.Select(s => s.Sku));
            writes.AddRange(RulePreview.Of(
                loaded,
                sku => sku with { Pools = [.. sku.Pools.Select(p => p with { Tier = buffers.GetValueOrDefault((sku.Sku, p.Location)) })] },
                now));
        }
    }

    private static BufferPolicy? PolicyOf(BufferPolicyView before, ImmutableArray<BufferTier>? tiers) =>
        tiers is { } wanted ? new BufferPolicy(before.Version + 1, wanted) : null;

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
