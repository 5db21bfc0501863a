using System.Collections.Concurrent;
using SyncFlow.Storage.Connections;

namespace SyncFlow.Api.Webhooks;

/// <summary>
/// Remembers for a moment whose shop is whose, so that a burst of webhooks asks the database once. A connection that is
/// made or closed elsewhere is known here after that moment; until then the sender is told to come back.
/// </summary>
internal sealed class ShopCache(ConnectionStore connections, TimeProvider time)
{
    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan UnknownFor = TimeSpan.FromSeconds(2);

    /// <summary>Anybody may send any shop's name; the memory of names is bounded.</summary>
    private const int MostEntries = 20_000;

    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The owner of a shop, or null where it is connected to nothing.</summary>
    public async ValueTask<ShopConnection?> FindAsync(string shop, CancellationToken ct)
    {
        var now = time.GetTimestamp();
        if (entries.TryGetValue(shop, out var entry)
            && time.GetElapsedTime(entry.ReadAt, now) < (entry.Owner is null ? UnknownFor : KnownFor))
        {
            return entry.Owner;
        }

        var owner = await connections.FindShopAsync(shop, ct).ConfigureAwait(false);
        if (entries.Count >= MostEntries)
        {
            entries.Clear();
        }

        entries[shop] = new Entry(owner, now);
        return owner;
    }

    /// <summary>Asks the database the next time.</summary>
    public void Forget(string shop) => entries.TryRemove(shop, out _);

    private sealed record Entry(ShopConnection? Owner, long ReadAt);
}
