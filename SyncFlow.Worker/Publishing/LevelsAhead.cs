using SyncFlow.Core.Publishing;
using SyncFlow.Worker.Connections;

namespace SyncFlow.Worker.Publishing;

/// <summary>
/// The levels that want a push next. Each look at the database reads and sorts all that want one, so where very many do a
/// look serves some calls; what is planned is decided anew under the lock of its SKU.
/// </summary>
internal sealed class LevelsAhead(ChannelLease lease, PushTransactions transactions, TimeProvider time)
{
    private const int MostAhead = 4 * PublishLimits.LevelsPerPush;

    /// <summary>How long a look counts: what became urgent meanwhile waits no longer.</summary>
    private static readonly TimeSpan AheadFor = TimeSpan.FromMilliseconds(250);

    private List<PlanCandidate> _ahead = [];
    private DateTimeOffset _lookedAt = DateTimeOffset.MinValue;

    /// <summary>Levels that want a push, most urgent first.</summary>
    /// <param name="besides">How many of them have to wait and must not hide the others.</param>
    public async Task<List<PlanCandidate>> LookAsync(int besides, CancellationToken ct)
    {
        if (_ahead.Count < PublishLimits.LevelsPerPush || time.GetUtcNow() - _lookedAt >= AheadFor)
        {
            _lookedAt = time.GetUtcNow();
            _ahead = await transactions.CandidatesAsync(lease.Tenant, lease.Connection, MostAhead + besides, ct).ConfigureAwait(false);
        }

        return _ahead;
    }

    /// <summary>What of the last look remains.</summary>
    public void Keep(List<PlanCandidate> rest) => _ahead = rest;
}
