using SyncFlow.Core;
using SyncFlow.Storage.Ledger;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Audit;

/// <summary>Checks what must always hold, on another path than the one that wrote it.</summary>
public static class LedgerAudit
{
    private const int SkusAtOnce = 1_000;

    /// <summary>Invariant I1: positions are the replay of the ledger. Returns where they are not; reads the tenant's whole ledger.</summary>
    public static async Task<List<PositionDifference>> PositionsDifferFromLedgerAsync(StorageSession session, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var differences = new List<PositionDifference>();
        for (var after = new SkuId(0); ;)
        {
            var page = await PositionReplay.CompareAsync(session, after, SkusAtOnce, ct).ConfigureAwait(false);
            differences.AddRange(page.Differences);
            if (page.Last is not { } last)
            {
                return differences;
            }

            after = last;
        }
    }
}
