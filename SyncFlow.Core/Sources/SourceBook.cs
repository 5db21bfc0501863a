namespace SyncFlow.Core.Sources;

/// <summary>
/// What sources reported before, as far as a batch may touch it. Storage loads it under the SKU's lock and writes back
/// what changed. Everything is found by its SKU: a file's batch may hold a hundred thousand positions.
/// </summary>
public sealed class SourceBook
{
    private readonly Dictionary<ClaimKey, Claim> _claims = [];
    private readonly Dictionary<SkuId, HashSet<ClaimKey>> _claimsOf = [];
    private readonly Dictionary<SkuId, Dictionary<(ConnectionId, string), ReportedPosition>> _positions = [];
    private readonly HashSet<ClaimKey> _changedClaims = [];
    private readonly HashSet<(SkuId, ConnectionId, string)> _changedPositions = [];

    /// <summary>Claims to write back.</summary>
    public IEnumerable<Claim> ChangedClaims => _changedClaims.Select(key => _claims[key]);

    /// <summary>Positions to write back.</summary>
    public IEnumerable<ReportedPosition> ChangedPositions => _changedPositions.Select(key => _positions[key.Item1][(key.Item2, key.Item3)]);

    /// <summary>Puts loaded state in.</summary>
    public void Load(Claim claim)
    {
        ArgumentNullException.ThrowIfNull(claim);
        _claims[claim.Key] = claim;
        Of(_claimsOf, claim.Key.Sku).Add(claim.Key);
    }

    /// <inheritdoc cref="Load(Claim)"/>
    public void Load(ReportedPosition position)
    {
        ArgumentNullException.ThrowIfNull(position);
        Of(_positions, position.Sku)[(position.From, position.Place)] = position;
    }

    /// <summary>A claim, or null where nobody claimed so far.</summary>
    public Claim? Find(ClaimKey key) => _claims.GetValueOrDefault(key);

    /// <summary>What a source last had of a SKU at a place of its own, or null.</summary>
    public ReportedPosition? Find(SkuId sku, ConnectionId from, string place) => _positions.GetValueOrDefault(sku)?.GetValueOrDefault((from, place));

    /// <summary>What all sources last had of a SKU at one of our locations.</summary>
    public IEnumerable<ReportedPosition> At(SkuId sku, LocationId location) =>
        _positions.GetValueOrDefault(sku)?.Values.Where(p => p.Location == location) ?? [];

    /// <summary>Claims of a system on a SKU at a location that wait to be posted, among those loaded.</summary>
    public IReadOnlyList<Claim> Unposted(SkuId sku, LocationId location, ConnectionId system) =>
    [
        .. (_claimsOf.GetValueOrDefault(sku) ?? []).Where(key => key.Location == location && key.Transaction.System == system)
            .Select(key => _claims[key]).Where(claim => claim.Booked.Unposted > 0),
    ];

    /// <summary>Replaces or adds; it will be written back.</summary>
    internal void Put(Claim claim)
    {
        Load(claim);
        _changedClaims.Add(claim.Key);
    }

    /// <inheritdoc cref="Put(Claim)"/>
    internal void Put(ReportedPosition position)
    {
        Load(position);
        _changedPositions.Add((position.Sku, position.From, position.Place));
    }

    private static T Of<T>(Dictionary<SkuId, T> bySku, SkuId sku)
        where T : new()
    {
        if (!bySku.TryGetValue(sku, out var found))
        {
            bySku[sku] = found = new T();
        }

        return found;
    }
}
