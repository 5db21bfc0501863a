using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Sources;
using SyncFlow.Worker.Fairness;

namespace SyncFlow.Worker.Sources;

/// <summary>
/// A tenant's turn at the files of sources: a batch of rows, once what was taken in before its last batch is booked. So
/// one batch is booked while the next is taken in, and what happens now waits behind no more than these two. Another
/// tenant does not wait for that: it has its turn meanwhile.
/// </summary>
internal sealed class SourceFileTurns(SourceFileApplier files, HistoryBacklog backlog, WakeUps wakeUps, TimeProvider time)
{
    /// <summary>Longest that the next batch of a file waits for the batches before it to be booked.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private readonly Dictionary<TenantId, (DateTimeOffset Before, long EndedAt)> _last = [];

    /// <summary>One batch of a tenant's files.</summary>
    public async Task<TurnEnd> TurnAsync(TenantId tenant, CancellationToken ct)
    {
        if (_last.TryGetValue(tenant, out var last) && time.GetElapsedTime(last.EndedAt) < LongestWait
            && await backlog.HasAsync(tenant, last.Before, ct).ConfigureAwait(false))
        {
            return TurnEnd.NotYet;
        }

        var begun = DatabaseTime.Now(time);
        var rows = await files.TurnAsync(tenant, SourceFileApplier.MostRows, ct).ConfigureAwait(false);
        if (rows > 0)
        {
            await wakeUps.PublishAsync(WakeUpKind.Inbox, tenant.Value).ConfigureAwait(false);
        }

        if (rows < SourceFileApplier.MostRows)
        {
            _last.Remove(tenant);
            return TurnEnd.Nothing;
        }

        _last[tenant] = (begun, time.GetTimestamp());
        return TurnEnd.More;
    }
}
