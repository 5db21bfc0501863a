using System.Globalization;
using SyncFlow.Channels.Sources;
using SyncFlow.Core.Faults;
using SyncFlow.Core.Sources;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Sources.Pulling;

namespace SyncFlow.Worker.Sources.Pulling;

/// <summary>Asks a warehouse for its open pick tasks and takes in what changed since it was last asked.</summary>
internal sealed class PickTaskPull(PullStore store, WakeUps wakeUps)
{
    /// <summary>Open tasks of one warehouse.</summary>
    private const int MostTasks = 100_000;

    /// <summary>One list of them.</summary>
    public async Task<PullEnd> RunAsync(PullSource pull, SourceApiClient client, CancellationToken ct)
    {
        var watch = new PageWatch(0);
        var tasks = new Dictionary<(long?, string?, string, string), SourceEvent>();
        var broken = new List<BrokenRow>();
        SourcePage? page = null;
        string? cursor = null;
        do
        {
            var answer = await client.PageAsync(SourceFeed.PickTasks, null, cursor, pull.PageSize, ct).ConfigureAwait(false);
            if (!answer.Succeeded)
            {
                return new PullEnd(answer.Fault);
            }

            page = answer.Value;
            if (page.AsOf is null || pull.Ordering == SourceOrdering.Sequence != page.Sequence is not null)
            {
                return new PullEnd(new ChannelFault(
                    ChannelFaultKind.Rejected, "NOT_A_PAGE", "asOf: when the tasks were listed is needed, and a sequence where, and only where, the source is ordered so"));
            }

            var before = tasks.Count;
            Take(page, tasks, broken);
            if (watch.Judge(new PageSeen(cursor, page.Next, page.Count, tasks.Count - before, page.Hash, null)) is { } wrong)
            {
                return new PullEnd(new ChannelFault(ChannelFaultKind.Rejected, wrong.Code, wrong.Message));
            }

            if (tasks.Count > MostTasks)
            {
                return new PullEnd(new ChannelFault(ChannelFaultKind.Rejected, "TOO_MANY_ROWS", $"more than {MostTasks} open pick tasks"));
            }

            cursor = page.Next;
        }
        while (cursor is not null);

        if (await store.PickTasksAsync(pull, [.. tasks.Values], broken, new ListedAt(page.AsOf!.Value, page.Sequence), ct).ConfigureAwait(false) > 0)
        {
            await wakeUps.PublishAsync(WakeUpKind.Inbox, pull.Tenant.Value).ConfigureAwait(false);
        }

        return default;
    }

    /// <summary>Several lines of a task for one item at one place are one task of all their units.</summary>
    private static void Take(SourcePage page, Dictionary<(long?, string?, string, string), SourceEvent> tasks, List<BrokenRow> broken)
    {
        foreach (var (index, item) in page.Items.Index())
        {
            var row = PulledRow.OfPickTask(item, string.Create(CultureInfo.InvariantCulture, $"task:{index}"), page);
            if (row.Event is not { } one)
            {
                broken.Add(new BrokenRow(null, row.Errors, row.Raw));
                continue;
            }

            var key = (one.System, one.Transaction, one.Item, one.Place);
            tasks[key] = tasks.TryGetValue(key, out var known) ? one with { Open = known.Open + one.Open, Shipped = known.Shipped + one.Shipped } : one;
        }
    }
}
