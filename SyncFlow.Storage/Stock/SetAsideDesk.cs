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

    /// <summary>Nobody has counted what lies at the location.</summary>
    NotOpened,

    /// <summary>No seller without a cap sells there: every unit is shared out anyway.</summary>
    NobodySellsThere,

    /// <summary>There are not so many that nobody is promised.</summary>
    TooMany,
}

/// <summary>Units put aside where somebody sells without a cap; told under the SKU's lock, its channels planned with it.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class SetAsideDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>So many units are aside now, of those that are for sale.</summary>
    /// <returns>What became of it, and how many are for sale there.</returns>
    public async Task<(SetAsideResult Result, int ForSale)> PutAsync(long tenant, long sku, long location, int units, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var (id, place) = (new SkuId(sku), new LocationId(location));
        var set = await StockStore.LoadSkusAsync(session, [id], ct).ConfigureAwait(false);
        var state = set.FindSku(id) ?? throw new InvalidOperationException($"SKU {sku} is not there.");
        var pool = state.PoolAt(place);
        var forSale = AvailableToSell.Of(pool, state.Policy with { Preorder = null });
        if (!set.Context.HasUncappable(place))
        {
            return (SetAsideResult.NobodySellsThere, forSale);
        }

        if (!pool.Opened)
        {
            return (SetAsideResult.NotOpened, forSale);
        }

        if (units > Math.Max(0, forSale))
        {
            return (SetAsideResult.TooMany, forSale);
        }

        var now = DatabaseTime.Now(time);
        SetAsides.Put(set, id, place, units);
        Replanner.Replan(set, now);
        await StockStore.SaveAsync(session, set, "set aside", now, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return (SetAsideResult.Done, forSale);
    }
}
