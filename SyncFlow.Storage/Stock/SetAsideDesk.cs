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

    /// <summary>So many are aside already, though it is another state than the caller has seen: nothing is to be done.</summary>
    Known,

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

/// <summary>What is aside of a SKU.</summary>
/// <param name="Version">Another whenever somebody puts units aside or a channel sells of them; never again the same.</param>
/// <param name="Asides">By location.</param>
public sealed record SkuAsides(long SkuId, string Sku, string Version, IReadOnlyList<AsideView> Asides);

/// <summary>A word that so many units are aside now.</summary>
/// <param name="Seen">The version that the caller has read; another one is refused.</param>
public sealed record AsideWord(long Sku, long Location, int Units, string Seen);

/// <summary>What became of a word, or would.</summary>
/// <param name="ForSale">How many are for sale there.</param>
/// <param name="Version">The version that it has now.</param>
public sealed record AsideAnswer(SetAsideResult Result, int ForSale, string Version);

/// <summary>Units put aside where somebody sells without a cap; told under the SKU's lock, its channels planned with it.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class SetAsideDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>What is aside of a SKU, by location, and the version of that.</summary>
    public async Task<(string Version, IReadOnlyList<AsideView> Asides)> ReadAsync(long tenant, long sku, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var read = (await ReadAsync(session, [sku], ct).ConfigureAwait(false)).Single();
        return (read.Version, read.Asides);
    }

    /// <summary>SKUs that lie counted where somebody sells without a cap, by id.</summary>
    public async Task<List<SkuAsides>> ListAsync(long tenant, long? after, int count, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var context = (await StockStore.ReadSkusAsync(session, [], ct).ConfigureAwait(false)).Context;
        var skus = await session.QueryAsync(
            session.Of(
                """
                SELECT DISTINCT sku_id FROM positions
                WHERE tenant_id = $1 AND opened AND location_id = ANY ($2) AND ($3::bigint IS NULL OR sku_id > $3) ORDER BY sku_id LIMIT $4
                """,
                Sql.P(context.Locations.Keys.Where(context.HasUncappable).Select(l => l.Value).ToArray()), Sql.P(after), Sql.P(count)),
            row => row.GetInt64(0), ct).ConfigureAwait(false);
        return skus.Count == 0 ? [] : await ReadAsync(session, [.. skus], ct).ConfigureAwait(false);
    }

    /// <summary>What would become of words; nothing is changed.</summary>
    /// <returns>An answer for each, in their order.</returns>
    public async Task<List<AsideAnswer>> LookAsync(long tenant, IReadOnlyList<AsideWord> words, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(words);
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var versions = await VersionsAsync(session, SkusOf(words), ct).ConfigureAwait(false);
        var set = await StockStore.ReadSkusAsync(session, [.. versions.Keys.Select(s => new SkuId(s))], ct).ConfigureAwait(false);
        return [.. words.Select(word => Judge(set, versions, word))];
    }

    /// <summary>So many units are aside now, of those that are for sale: all words, or none where one is refused.</summary>
    /// <param name="words">Each SKU and location once. Those of one SKU together: they speak of one version.</param>
    /// <returns>An answer for each, in their order.</returns>
    public async Task<List<AsideAnswer>> PutAsync(long tenant, IReadOnlyList<AsideWord> words, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(words);
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var skus = SkusOf(words);
        var set = await StockStore.LoadSkusAsync(session, [.. skus.Select(s => new SkuId(s))], ct).ConfigureAwait(false);
        var versions = await VersionsAsync(session, skus, ct).ConfigureAwait(false);
        var answers = words.Select(word => Judge(set, versions, word)).ToList();
        if (answers.TrueForAll(a => a.Result != SetAsideResult.Done) || answers.Exists(a => a.Result is not (SetAsideResult.Done or SetAsideResult.Known)))
        {
            return answers;
        }

        foreach (var (word, _) in words.Zip(answers).Where(pair => pair.Second.Result == SetAsideResult.Done))
        {
            SetAsides.Put(set, new SkuId(word.Sku), new LocationId(word.Location), word.Units);
        }

        var now = DatabaseTime.Now(time);
        Replanner.Replan(set, now);
        await StockStore.SaveAsync(session, set, "set aside", now, ct).ConfigureAwait(false);
        versions = await VersionsAsync(session, skus, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return [.. words.Zip(answers, (word, answer) => answer with { Version = versions[word.Sku] })];
    }

    private static long[] SkusOf(IReadOnlyList<AsideWord> words) => [.. words.Select(w => w.Sku).Distinct()];

    private static AsideAnswer Judge(WorkingSet set, Dictionary<long, string> versions, AsideWord word)
    {
        var place = new LocationId(word.Location);
        var state = set.FindSku(new SkuId(word.Sku)) ?? throw new InvalidOperationException($"SKU {word.Sku} is not there.");
        var pool = state.PoolAt(place);
        var forSale = ForSale(state, pool);
        var result =
            versions[word.Sku] != word.Seen ? pool.SetAside == word.Units ? SetAsideResult.Known : SetAsideResult.Stale
            : !set.Context.HasUncappable(place) ? SetAsideResult.NobodySellsThere
            : !pool.Opened ? SetAsideResult.NotOpened
            : word.Units > Math.Max(0, forSale) ? SetAsideResult.TooMany
            : SetAsideResult.Done;
        return new AsideAnswer(result, forSale, versions[word.Sku]);
    }

    private static async Task<List<SkuAsides>> ReadAsync(StorageSession session, long[] skus, CancellationToken ct)
    {
        // The versions first: where somebody changes one in between, it names what was before, and is refused.
        var versions = await VersionsAsync(session, skus, ct).ConfigureAwait(false);
        var set = await StockStore.ReadSkusAsync(session, [.. skus.Select(s => new SkuId(s))], ct).ConfigureAwait(false);
        var codes = (await session.QueryAsync(
            session.Of("SELECT sku_id, code FROM skus WHERE tenant_id = $1 AND sku_id = ANY ($2)", Sql.P(skus)),
            row => (Id: row.GetInt64(0), Code: row.GetString(1)), ct).ConfigureAwait(false)).ToDictionary(s => s.Id, s => s.Code);
        var places = (await session.QueryAsync(
            session.Of("SELECT location_id, code FROM locations WHERE tenant_id = $1"),
            row => (Id: row.GetInt64(0), Code: row.GetString(1)), ct).ConfigureAwait(false)).ToDictionary(l => l.Id, l => l.Code);
        return [.. skus.Select(sku => new SkuAsides(sku, codes[sku], versions[sku], [.. AsidesOf(set, new SkuId(sku), places)]))];
    }

    private static IEnumerable<AsideView> AsidesOf(WorkingSet set, SkuId sku, Dictionary<long, string> places) =>
        set.FindSku(sku) is not { } state
            ? []
            : state.Pools.Where(p => p.Opened && set.Context.HasUncappable(p.Location))
                .Select(p => new AsideView(p.Location.Value, places[p.Location.Value], p.SetAside, ForSale(state, p) - p.SetAside))
                .OrderBy(a => a.Location, StringComparer.Ordinal);

    private static int ForSale(SkuState state, Pool pool) => AvailableToSell.Of(pool, state.Policy with { Preorder = null });

    /// <summary>
    /// Each word about a pool of a SKU, and each sale of what is aside, makes its version larger: never again the same, also
    /// where the units are. Read under the SKU's lock it is the last.
    /// </summary>
    private static async Task<Dictionary<long, string>> VersionsAsync(StorageSession session, long[] skus, CancellationToken ct) =>
        (await session.QueryAsync(
            session.Of(
                """
                SELECT k.sku_id, coalesce((SELECT max(o.opening_id) FROM pool_openings o WHERE o.tenant_id = $1 AND o.sku_id = k.sku_id), 0)
                FROM unnest($2::bigint[]) AS k (sku_id)
                """,
                Sql.P(skus)),
            row => (Sku: row.GetInt64(0), Newest: row.GetInt64(1)), ct).ConfigureAwait(false))
        .ToDictionary(v => v.Sku, v => v.Newest.ToString(CultureInfo.InvariantCulture));
}
