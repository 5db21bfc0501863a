using SyncFlow.Channels.Sources;
using SyncFlow.Core.Sources;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Sources.Pulling;

namespace SyncFlow.Worker.Sources.Pulling;

/// <summary>
/// Asks a source for its movements since the watermark, a little before it so that what was committed late is seen, page
/// by page to the end. The watermark rises when the round is over: everything up to where the source stood when it began
/// is stored then, in whatever order the pages had it.
/// </summary>
internal sealed class MovementPull(PullStore store, WakeUps wakeUps)
{
    /// <summary>One round, or the rest of one that was broken off.</summary>
    public async Task<PullEnd> RunAsync(PullSource pull, SourceApiClient client, CancellationToken ct)
    {
        var watch = new PageWatch(SourceValues.Tolerance(pull.Ordering));
        var round = pull.Round.Cursor is null ? Begin(pull) : pull.Round;
        while (true)
        {
            var gathering = new MovementGathering(pull, round, watch);
            var fault = await gathering.RunAsync(client, ct).ConfigureAwait(false);
            var (frozen, stored) = await store.HandOverAsync(pull, gathering.Brought(), ct).ConfigureAwait(false);
            if (stored > 0)
            {
                await wakeUps.PublishAsync(WakeUpKind.Inbox, pull.Tenant.Value).ConfigureAwait(false);
            }

            if (fault is not null || frozen || gathering.IsOver)
            {
                return new PullEnd(fault, gathering.Anew);
            }

            round = gathering.Round;
        }
    }

    private static PullRound Begin(PullSource pull) =>
        new(pull.Watermark is { } mark ? Math.Max(0, mark - SourceValues.Overlap(pull)) : null, null, null);
}
