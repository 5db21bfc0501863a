using System.Collections.Immutable;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Faults;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Publishing;
using SyncFlow.Worker.Connections;

namespace SyncFlow.Worker.Publishing;

/// <summary>
/// Publishes the levels of one leased connection: plans the most urgent ones, sends up to four pushes of different
/// levels at a time, settles, and looks again while anything is left to say.
/// </summary>
internal sealed class Publisher(
    ChannelLease lease, LevelHolds holds, ChannelLinks links, PushTransactions transactions, PushSender sender,
    Suspension suspension, ChannelStore connections, Signals signals, TimeProvider time, ILogger<Publisher> logger)
{
    /// <summary>Pushes of one connection on their way at a time.</summary>
    public const int MostInFlight = 4;

    /// <summary>Refusals in a row after which the request itself must be wrong, not an element: more than one bisection has.</summary>
    private const int MostRefusals = BatchSplitter.MostRounds + 1;

    private static readonly TimeSpan CoalesceWindow = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan CoalesceWait = TimeSpan.FromMilliseconds(65);

    private readonly List<Task<SendResult>> _flying = [];
    private readonly Queue<ImmutableArray<PlanCandidate>> _parts = new();
    private readonly HashSet<LevelId> _inParts = [];
    private readonly ContendedLevels _contended = new();
    private readonly Rest _rest = new();
    private readonly LevelsAhead _ahead = new(lease, transactions, time);

    // Whether the last look found any level that wants a push, be it one that has to wait.
    private bool _found;

    // What the last plan had no room for has gathered long enough.
    private bool _leftOver;

    // Settled levels want a push again before this loop has learned what their answer means for them.
    private readonly HashSet<LevelId> _unlearned = [];
    private DateTimeOffset _lastSent = DateTimeOffset.MinValue;
    private DateTimeOffset _pausedUntil = DateTimeOffset.MinValue;
    private int _failures;
    private int _refusals;

    /// <summary>Runs until the lease ends; pushes on their way are settled before it returns.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var dirty = signals.Listen(lease.Tenant);
        try
        {
            await TakeOverAsync(ct).ConfigureAwait(false);
            while (!ct.IsCancellationRequested)
            {
                await FillAsync(ct).ConfigureAwait(false);
                await WaitAsync(dirty, ct).ConfigureAwait(false);
                await CollectAsync(ct).ConfigureAwait(false);
            }
        }
        finally
        {
            await Task.WhenAll(_flying.Select(f => f.ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default))).ConfigureAwait(false);
        }
    }

    /// <summary>Starts pushes while there is something to say and room for them.</summary>
    private async Task FillAsync(CancellationToken ct)
    {
        while (_flying.Count < MostInFlight && time.GetUtcNow() >= _pausedUntil)
        {
            var candidates = await LookAsync(ct).ConfigureAwait(false);
            if (!_found)
            {
                return;
            }

            if (await links.OpenAsync(lease.Tenant, lease.Connection, ct).ConfigureAwait(false) is not { } link
                || !link.Connection.Status.MayBeWritten())
            {
                return;
            }

            if (MayGather(candidates))
            {
                await Task.Delay(CoalesceWait, time, ct).ConfigureAwait(false);
                candidates = await LookAsync(ct).ConfigureAwait(false);
            }

            if (await PlanAsync(candidates, ct).ConfigureAwait(false) is not { } planned)
            {
                return;
            }

            _lastSent = time.GetUtcNow();
            _unlearned.UnionWith(planned.Push.Elements.Select(e => e.Level));
            _flying.Add(sender.SendAsync(link, planned, lease, ct));
        }
    }

    private async Task<List<PlanCandidate>> LookAsync(CancellationToken ct)
    {
        var candidates = await _ahead.LookAsync(holds.Count + _inParts.Count + _unlearned.Count, ct).ConfigureAwait(false);
        _found = candidates.Count + _parts.Count > 0;
        return candidates;
    }

    /// <summary>
    /// A few changes right after a push gather for a moment: a burst becomes few calls, a lone change is not kept
    /// waiting, and a full call goes at once.
    /// </summary>
    private bool MayGather(List<PlanCandidate> candidates) =>
        _parts.Count == 0 && !_leftOver && candidates.Count < PublishLimits.LevelsPerPush
        && time.GetUtcNow() - _lastSent < CoalesceWindow;

    private async Task<PlannedPush?> PlanAsync(List<PlanCandidate> candidates, CancellationToken ct)
    {
        using var gate = await holds.EnterPlanAsync(ct).ConfigureAwait(false);
        for (var look = _parts.Count; look > 0; look--)
        {
            var part = _parts.Dequeue();
            if (part.Any(c => holds.IsHeld(c.Level)))
            {
                _parts.Enqueue(part); // A part goes whole or the search grows by calls; a hold is short.
                continue;
            }

            _inParts.ExceptWith(part.Select(c => c.Level));
            if (await transactions.PlanAsync(lease.Tenant, lease.Connection, part, lease.Epoch, ct).ConfigureAwait(false) is { } planned)
            {
                return planned;
            }
        }

        var free = candidates.FindAll(c => !holds.IsHeld(c.Level) && !_inParts.Contains(c.Level) && !_unlearned.Contains(c.Level));
        var chosen = _contended.Choose(free, time.GetUtcNow());
        _leftOver = chosen.Count < free.Count;
        _ahead.Keep(_leftOver ? [.. free.Except(chosen)] : []);
        return chosen.Count == 0
            ? null
            : await transactions.PlanAsync(lease.Tenant, lease.Connection, chosen, lease.Epoch, ct).ConfigureAwait(false);
    }

    /// <summary>Waits for an answer where pushes are on their way, else for a change.</summary>
    private async Task WaitAsync(Signal dirty, CancellationToken ct)
    {
        if (_flying.Count >= MostInFlight)
        {
            await Task.WhenAny(_flying).ConfigureAwait(false);
            return;
        }

        var pause = _pausedUntil - time.GetUtcNow();
        var rest = _rest.After(_found || _flying.Count > 0);
        var limit = pause > TimeSpan.Zero && pause < rest ? pause : rest;
        limit = _parts.Count > 0 && pause <= TimeSpan.Zero ? CoalesceWait : limit;
        if (_flying.Count == 0)
        {
            await dirty.WaitAsync(limit, time, ct).ConfigureAwait(false);
            return;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var changed = dirty.WaitAsync(limit, time, either.Token);
        await Task.WhenAny([.. _flying, changed]).ConfigureAwait(false);
        await either.CancelAsync().ConfigureAwait(false);
        await changed.ContinueWith(
            _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
    }

    private async Task CollectAsync(CancellationToken ct)
    {
        foreach (var ended in _flying.Where(f => f.IsCompleted).ToList())
        {
            _flying.Remove(ended);
            var result = await ended.ConfigureAwait(false);
            _unlearned.ExceptWith(result.Push.Elements.Select(e => e.Level));
            await LearnAsync(result, ct).ConfigureAwait(false);
        }
    }

    /// <summary>What an answer means for the next calls.</summary>
    private async Task LearnAsync(SendResult result, CancellationToken ct)
    {
        if (result is { Fault: null, Answers: null })
        {
            return; // Left by an earlier holder, and not asked for again: nothing was heard.
        }

        if (result.Fault is null or { Kind: ChannelFaultKind.Rejected })
        {
            if (_failures > 0)
            {
                _failures = 0;
                await suspension.RecoveredAsync(lease.Tenant, lease.Connection, ct).ConfigureAwait(false);
            }

            await SplitAsync(result, ct).ConfigureAwait(false);
            return;
        }

        if (result.Fault.Kind == ChannelFaultKind.Unknown)
        {
            return; // It stays in flight; other levels go on.
        }

        _failures++;
        var schedule = result.Fault.Kind == ChannelFaultKind.ShopUnavailable ? RetrySchedule.ShopUnavailable : RetrySchedule.NotDone;
        var wait = schedule.After(_failures);
        Pause(result.Fault.RetryAfter > wait ? result.Fault.RetryAfter.Value : wait);
    }

    /// <summary>
    /// A call refused for elements it names is sent again at once without them; one refused without a name is halved
    /// until the element at fault stands alone (rule R10).
    /// </summary>
    private async Task SplitAsync(SendResult result, CancellationToken ct)
    {
        if (result.Answers is not { } answers)
        {
            return;
        }

        _contended.Learn(answers, time.GetUtcNow());
        if (answers.Any(a => a.Outcome == ElementOutcome.Acknowledged))
        {
            _refusals = 0;
        }
        else if (result.Fault is not null || answers.Any(BatchSplitter.IsUnindexed))
        {
            _refusals++;
        }

        if (_refusals >= MostRefusals)
        {
            // Not one element but all of them: looking on would block the whole catalog one level at a time.
            _parts.Clear();
            _inParts.Clear();
            Pause(RetrySchedule.ShopUnavailable.After(_refusals - MostRefusals + 1));
            await connections.OpenIncidentAsync(
                lease.Tenant,
                new Incident(
                    $"refuses-writes:{lease.Connection.Value}", "channel-refuses-writes",
                    $"The channel refuses every write ({result.Fault?.Code ?? answers[0].Code}).", lease.Connection, null, null, time.GetUtcNow()),
                ct).ConfigureAwait(false);
            return;
        }

        if (result.Fault is null && answers.All(a => a.Outcome == ElementOutcome.NotSent && !BatchSplitter.IsUnindexed(a)))
        {
            return; // Nobody was at fault (an earlier attempt under this key failed): planned with everything else.
        }

        foreach (var part in BatchSplitter.Next(result.Push.Elements, answers))
        {
            _parts.Enqueue([.. part.Select(e => new PlanCandidate(e.Sku, e.Level, e.ItemRef, e.ExternalLocation))]);
            _inParts.UnionWith(part.Select(e => e.Level));
        }
    }

    /// <summary>Goes on with what an earlier holder left without an answer, as <see cref="PushMachine"/> says.</summary>
    private async Task TakeOverAsync(CancellationToken ct)
    {
        var left = await transactions.UnsettledAsync(lease.Tenant, lease.Connection, ct).ConfigureAwait(false);
        if (left.Count == 0)
        {
            return;
        }

        Log.TakenOver(logger, lease.Tenant.Value, lease.Connection.Value, left.Count);
        foreach (var stored in left)
        {
            if (await links.OpenAsync(lease.Tenant, lease.Connection, ct).ConfigureAwait(false) is not { } link)
            {
                return;
            }

            var step = PushMachine.TakeOver(
                stored.Push, link.Connection.Deduplicates, link.Connection.Status.MayBeWritten(), stored.State == PushState.Unknown, time.GetUtcNow());
            if (step.Effect is not SendEffect.Leave)
            {
                await LearnAsync(await sender.RunAsync(link, stored.Body, step, lease, ct).ConfigureAwait(false), ct).ConfigureAwait(false);
            }
        }
    }

    private void Pause(TimeSpan wait)
    {
        var until = time.GetUtcNow() + wait;
        _pausedUntil = until > _pausedUntil ? until : _pausedUntil;
    }
}
