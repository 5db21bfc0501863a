using SyncFlow.Core.Engine;
using SyncFlow.Simulator.Protocol;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Storage;

namespace SyncFlow.Tests.Compliance;

/// <summary>Stores that begin with the same tenant.</summary>
internal static class Stores
{
    public static StoreUnderTest Postgres(Merchant merchant) => new PostgresStoreUnderTest(merchant)
    {
        Connections = merchant.Connections,
        Skus = merchant.Skus,
        Location = merchant.Location,
    };

    /// <summary>A copy in memory of what the database has now, its ledger too.</summary>
    public static async Task<StoreUnderTest> MemoryAsync(Merchant merchant)
    {
        WorkingSet now;
        await using (var session = await merchant.WorkAsync())
        {
            now = await StockStore.ReadSkusAsync(session, merchant.Skus, CancellationToken.None);
        }

        var store = new MemoryStore(now.Context);
        for (var item = 0; item < merchant.Skus.Count; item++)
        {
            store.Add(
                now.FindSku(merchant.Skus[item])!,
                merchant.Connections.Select(c => now.FindListingByVariant(c, Merchant.Variant(item))!));
        }

        store.Entries.AddRange(await Postgres(merchant).EntriesAsync());
        return new MemoryStoreUnderTest(store)
        {
            Connections = merchant.Connections,
            Skus = merchant.Skus,
            Location = merchant.Location,
        };
    }
}
