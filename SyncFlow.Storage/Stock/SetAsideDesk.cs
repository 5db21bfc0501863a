using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Stock;

/// <summary>What became of a word that units were put aside.</summary>
public enum SetAsideResult
{
    Done,

    /// <summary>The number is another than the caller has seen.</summary>
    Stale,

    /// <summary>Nobody has counted what lies at the location.</summary>
    NotOpened,

    /// <summary>No seller without a cap sells there: every unit is shared out anyway.</summary>
    NobodySellsThere,

    /// <summary>There are not so many that nobody is promised.</summary>
    TooMany,
}

/// <summary>Units aside at a place where somebody sells without a cap.</summary>
/// <param name="Units">Units aside; below zero where more was sold of them than lay there.</param>
/// <param name="Outside">Units for sale that are not.</param>
public sealed record AsideView(long LocationId, string Location, int Units, int Outside);

/// <summary>Units put aside where somebody sells without a cap; told under the SKU's lock, its channels planned with it.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class SetAsideDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>What is aside of a SKU, by location, and the version of that.</summary>
    public async Task<(string Version, List<AsideView> Asides)> ReadAsync(long tenant, long sku, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);

        // The version first: where somebody changes it in between, it names what was before, and is refused.
        var version = await VersionAsync(session, sku, ct).ConfigureAwait(false);
        var set = await StockStore.ReadSkusAsync(session, [new SkuId(sku)], ct).ConfigureAwait(false);
        if (set.FindSku(new SkuId(sku)) is not { } state)
        {
            return (version, []);
        }

        var pools = state.Pools.Where(p => p.Opened && set.Context.HasUncappable(p.Location)).ToDictionary(p => p.Location.Value);
        return (version, await session.QueryAsync(
            session.Of(
                "SELECT location_id, code FROM locations WHERE tenant_id = $1 AND location_id = ANY ($2) ORDER BY code", Sql.P(pools.Keys.ToArray())),
            row => AsideOf(state, pools[row.GetInt64(0)], row.GetString(1)),
            ct).ConfigureAwait(false));
    }

    /// <summary>So many units are aside now, of those that are for sale.</summary>
    /// <param name="seen">The version that the caller has read; another one is refused.</param>
    /// <returns>What became of it, how many are for sale there, and the version it has now.</returns>
    public async Task<(SetAsideResult Result, int ForSale, string Version)> PutAsync(
        long tenant, long sku, long location, int units, string seen, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var (id, place) = (new SkuId(sku), new LocationId(location));
        var set = await StockStore.LoadSkusAsync(session, [id], ct).ConfigureAwait(false);
        var state = set.FindSku(id) ?? throw new InvalidOperationException($"SKU {sku} is not there.");
        var pool = state.PoolAt(place);
        var forSale = ForSale(state, pool);
        var version = await VersionAsync(session, sku, ct).ConfigureAwait(false);
        var refusal =
            version != seen ? SetAsideResult.Stale
            : !set.Context.HasUncappable(place) ? SetAsideResult.NobodySellsThere
            : !pool.Opened ? SetAsideResult.NotOpened
            : units > Math.Max(0, forSale) ? SetAsideResult.TooMany
            : SetAsideResult.Done;
        if (refusal != SetAsideResult.Done)
        {
            return (refusal, forSale, version);
        }

        var now = DatabaseTime.Now(time);
        SetAsides.Put(set, id, place, units);
        Replanner.Replan(set, now);
        await StockStore.SaveAsync(session, set, "set aside", now, ct).ConfigureAwait(false);
        version = await VersionAsync(session, sku, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return (SetAsideResult.Done, forSale, version);
    }

    private static AsideView AsideOf(SkuState state, Pool pool, string code) =>
        new(pool.Location.Value, code, pool.SetAside, ForSale(state, pool) - pool.SetAside);

    private static int ForSale(SkuState state, Pool pool) => AvailableToSell.Of(pool, state.Policy with { Preorder = null });

    /// <summary>
    /// Each word about a pool of the SKU, and each sale of what is aside, makes it larger: never again the same, also
    /// where the units are. Read under the SKU's lock it is the last.
    /// </summary>
    private static async Task<string> VersionAsync(StorageSession session, long sku, CancellationToken ct)
    {
        var newest = await session.QueryAsync(
            session.Of("SELECT coalesce(max(opening_id), 0) FROM pool_openings WHERE tenant_id = $1 AND sku_id = $2", Sql.P(sku)),
            row => row.GetInt64(0), ct).ConfigureAwait(false);
        return newest.Single().ToString(CultureInfo.InvariantCulture);
    }
}
