using System.Diagnostics.Metrics;
using System.Globalization;
using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Availability;

namespace SyncFlow.Api.Availability;

/// <summary>A SKU with its figures.</summary>
internal sealed record AvailableSku(StampedSku Sku, KeptAvailability Kept);

/// <summary>Figures that held at one moment of the database, whoever computed them when.</summary>
/// <param name="AsOf">By the database's clock: no figure is older.</param>
/// <param name="Hits">How many were kept from before.</param>
internal sealed record AvailableSkus(DateTimeOffset AsOf, IReadOnlyList<AvailableSku> Skus, int Hits)
{
    /// <summary>For the header <c>Cache-Status</c> (RFC 9211).</summary>
    public string CacheStatus => Skus.Count > 0 && Hits == Skus.Count
        ? "syncflow-stock; hit"
        : string.Create(CultureInfo.InvariantCulture, $"syncflow-stock; fwd={(Hits == 0 ? "miss" : "partial")}; detail=\"{Hits}/{Skus.Count}\"");
}

/// <summary>
/// Available-to-sell for readers of the API, kept in Redis. The database is asked for one small thing each time: whether
/// what was kept still holds (the SKUs' versions, and changes of settings since). So an answer is never older than its
/// question, whatever Redis lost, kept too long or was told too late. Only answers come from here: targets, pushes and
/// reservations are computed from the database alone.
/// </summary>
internal sealed class AvailabilityReader(AvailabilityStore store, RedisValues values)
{
    /// <summary>How long figures are kept that nobody changed. Far shorter than changes of settings are remembered.</summary>
    private static readonly TimeSpan Expiry = TimeSpan.FromHours(1);

    private static readonly Meter Meter = new("SyncFlow.Availability");

    private static readonly Counter<long> Answers =
        Meter.CreateCounter<long>("syncflow.availability.answered", "{sku}", "SKUs whose figures were answered, by where from");

    /// <summary>SKUs by their codes, in any case, with figures; those that are not there are left out.</summary>
    public async Task<AvailableSkus> FindAsync(long tenant, IEnumerable<string> codes, CancellationToken ct) =>
        await CompleteAsync(tenant, await store.FindAsync(tenant, codes, ct).ConfigureAwait(false), ct).ConfigureAwait(false);

    /// <summary>SKUs by code, with figures; as <see cref="AvailabilityStore.ListAsync"/>.</summary>
    public async Task<AvailableSkus> ListAsync(long tenant, string? search, string? after, int count, CancellationToken ct) =>
        await CompleteAsync(tenant, await store.ListAsync(tenant, search, after, count, ct).ConfigureAwait(false), ct).ConfigureAwait(false);

    private async Task<AvailableSkus> CompleteAsync(long tenant, StampedSkus stamped, CancellationToken ct)
    {
        var keys = stamped.Skus.ConvertAll(s => Key(tenant, stamped.Mark.Era, s.SkuId));
        var kept = await values.GetAsync(keys, ct).ConfigureAwait(false);
        var found = kept.Select(k => k is null ? null : KeptAvailability.Read(k)).Where(k => k is not null).ToDictionary(k => k!.Figures.Sku.Value, k => k!);
        await DropChangedAsync(tenant, stamped, found, ct).ConfigureAwait(false);
        var hits = found.Count;
        var missing = stamped.Skus.Where(s => !found.ContainsKey(s.SkuId)).Select(s => new SkuId(s.SkuId)).ToList();
        if (missing.Count > 0)
        {
            await ComputeAsync(tenant, missing, found, ct).ConfigureAwait(false);
        }

        Answers.Add(hits, new KeyValuePair<string, object?>("from", "redis"));
        Answers.Add(missing.Count, new KeyValuePair<string, object?>("from", "postgres"));
        return new AvailableSkus(
            stamped.Mark.At, [.. stamped.Skus.Where(s => found.ContainsKey(s.SkuId)).Select(s => new AvailableSku(s, found[s.SkuId]))], hits);
    }

    /// <summary>Takes away what does not hold any more.</summary>
    private async Task DropChangedAsync(long tenant, StampedSkus stamped, Dictionary<long, KeptAvailability> found, CancellationToken ct)
    {
        var now = stamped.Skus.Where(s => s.Stamp is not null).ToDictionary(s => s.SkuId, s => s.Stamp!.Value);
        foreach (var (sku, kept) in found)
        {
            if (kept.ComputedAt <= stamped.Mark.At - Expiry || kept.Until <= stamped.Mark.At
                || !stamped.Mark.IsUnchangedSince(kept.Snapshot, [.. kept.Members.Select(m => m.SkuId)])
                || !kept.Members.Any(m => m.SkuId == sku))
            {
                found.Remove(sku);
            }
        }

        var others = found.Values.SelectMany(k => k.Members).Select(m => m.SkuId).Where(id => !now.ContainsKey(id)).Distinct().ToArray();
        if (others.Length > 0)
        {
            foreach (var stamp in await store.StampsAsync(tenant, others, ct).ConfigureAwait(false))
            {
                now.Add(stamp.SkuId, stamp);
            }
        }

        foreach (var (sku, kept) in found)
        {
            if (kept.Members.Any(m => !now.TryGetValue(m.SkuId, out var stamp) || stamp != m))
            {
                found.Remove(sku);
            }
        }
    }

    /// <summary>Computes what is missing, puts it among what was found, and keeps it.</summary>
    private async Task ComputeAsync(long tenant, List<SkuId> missing, Dictionary<long, KeptAvailability> found, CancellationToken ct)
    {
        var computed = await store.ComputeAsync(new TenantId(tenant), missing, ct).ConfigureAwait(false);
        var keep = new List<KeyValuePair<string, byte[]>>(missing.Count);
        foreach (var (figures, members, until) in computed.Skus)
        {
            var made = new KeptAvailability(
                computed.Mark.Snapshot, computed.Mark.At, until, members ?? [], figures,
                [.. figures.Places.Select(p => computed.Locations.GetValueOrDefault(p.Location.Value, ""))]);
            found[figures.Sku.Value] = made;
            if (members is not null)
            {
                keep.Add(new KeyValuePair<string, byte[]>(Key(tenant, computed.Mark.Era, figures.Sku.Value), made.Write()));
            }
        }

        await values.KeepAsync(keep, Expiry).ConfigureAwait(false);
    }

    private static string Key(long tenant, string era, long sku) =>
        string.Create(CultureInfo.InvariantCulture, $"syncflow:stock:{{{tenant}}}:{era}:{sku}");
}
