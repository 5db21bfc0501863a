using System.Collections.Concurrent;
using SyncFlow.Core;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Publishing;

namespace SyncFlow.Worker.Connections;

/// <summary>
/// Holds the leases of this worker's share of all connections (<see cref="LeaseShares"/>), and runs the work of each while
/// it is held. A beat each second is one statement, however many are held; each lease is a <see cref="LeaseMachine"/> of
/// its own. What falls to a worker that came later is let go, once its work has ended; what a dead one held is taken when
/// its leases run out.
/// </summary>
/// <param name="worker">Names this process start among all workers.</param>
/// <param name="run">Runs a connection's work until cancelled, and does not throw.</param>
internal sealed class LeaseKeeper(
    string worker, LeaseSet leases, LeaseStore single, Func<ChannelLease, CancellationToken, Task> run, TimeProvider time, ILogger<LeaseKeeper> logger)
{
    /// <summary>How long the others count on a worker whose beats do not come.</summary>
    public static readonly TimeSpan AliveFor = TimeSpan.FromSeconds(3);

    /// <summary>Longest that a question may take: before the margin of a lease there is to be time for another.</summary>
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromMilliseconds(1_500);

    /// <summary>Leases renewed one by one at a time, because a plan had their rows.</summary>
    private const int OneByOne = 8;

    /// <summary>Of what is held, one in so many may be let go for others in a beat, so that not all pause together.</summary>
    private const int PartLetGo = 4;

    /// <summary>Most that is let go for others in a beat: each begins anew elsewhere.</summary>
    private const int MostLetGo = 250;

    /// <summary>Leases given back one by one when this worker ends.</summary>
    private const int MostGivenBackAlone = 16;

    private readonly LeaseCount _count = new(time);
    private readonly Dictionary<(TenantId Tenant, ConnectionId Connection), HeldLease> _held = [];
    private readonly Dictionary<string, long> _workersSince = [];
    private readonly Dictionary<(TenantId, ConnectionId), long> _freeSince = [];
    private readonly ConcurrentBag<LeaseOf> _atTheEnd = [];
    private volatile bool _ends;

    /// <summary>Runs until cancelled; then the leases are given back. Does not throw.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            while (!ct.IsCancellationRequested)
            {
                await TryBeatAsync(ct).ConfigureAwait(false);
                await Task.Delay(LeaseMachine.Beat, time, ct).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Asked to stop.
        }

        await LeaveAsync().ConfigureAwait(false);
    }

    private async Task TryBeatAsync(CancellationToken ct)
    {
        foreach (var (key, held) in _held.Where(h => h.Value.IsOver).ToList())
        {
            _held.Remove(key);
            held.Dispose();
        }

        var askedAt = _count.Now;
        var due = _held.Values.Where(h => h.Tick(askedAt) == LeaseEffect.Renew).Select(h => (Held: h, h.State.Epoch)).ToList();
        try
        {
            using var patience = Within(LongestAnswer, ct);
            var beat = await leases.BeatAsync(worker, AliveFor, LeaseMachine.Ttl, Asked(due), patience.Token).ConfigureAwait(false);
            foreach (var (held, epoch) in due.Where(d => beat.Renewed.Contains(d.Held.Key)))
            {
                held.Answer(epoch, new LeaseInput.Granted(epoch, askedAt), _count.Now);
            }

            due.RemoveAll(d => beat.Renewed.Contains(d.Held.Key));
            await RenewOneByOneAsync([.. due], ct).ConfigureAwait(false);
            due.Clear();
            LetGo(beat);
            await TakeAsync(beat, ct).ConfigureAwait(false);
        }
        catch (Exception failure) when (!ct.IsCancellationRequested)
        {
            // The job boundary: nobody knows, and each lease that was asked for ends by itself unless a later beat is answered.
            Log.JobFailed(logger, failure, "the beat of leases");
            due.ForEach(d => d.Held.Answer(d.Epoch, new LeaseInput.Failed(), _count.Now));
        }
    }

    /// <summary>All that is held; an epoch stands where time is asked for.</summary>
    private List<LeaseOf> Asked(List<(HeldLease Held, long Epoch)> due)
    {
        var epochs = due.ToDictionary(d => d.Held.Key, d => d.Epoch);
        return [.. _held.Where(h => h.Value.State.Held).Select(h => new LeaseOf(h.Key.Tenant, h.Key.Connection, epochs.GetValueOrDefault(h.Key)))];
    }

    /// <summary>
    /// A row that a plan has locked is waited for, by itself: the answer says whether the lease is lost. All together wait
    /// no longer than one answer may take, so that the others' time is looked at.
    /// </summary>
    private async Task RenewOneByOneAsync(IReadOnlyList<(HeldLease Held, long Epoch)> some, CancellationToken ct)
    {
        using var patience = Within(LongestAnswer, ct);
        await Parallel.ForEachAsync(
            some, new ParallelOptions { MaxDegreeOfParallelism = OneByOne, CancellationToken = ct },
            async (one, _) => one.Held.Answer(one.Epoch, await RenewAsync(one.Held, one.Epoch, patience.Token, ct).ConfigureAwait(false), _count.Now))
            .ConfigureAwait(false);
    }

    private async Task<LeaseInput> RenewAsync(HeldLease held, long epoch, CancellationToken patience, CancellationToken ct)
    {
        var askedAt = _count.Now;
        try
        {
            return await single.RenewAsync(held.Tenant, held.Connection, epoch, LeaseMachine.Ttl, patience).ConfigureAwait(false)
                ? new LeaseInput.Granted(epoch, askedAt)
                : new LeaseInput.Refused();
        }
        catch (Exception failure) when (!ct.IsCancellationRequested)
        {
            Log.PartFailed(logger, failure, held.Tenant.Value, held.Connection.Value, "the lease");
            return new LeaseInput.Failed();
        }
    }

    /// <summary>Lets go what may not be called any more, and some of what is another worker's share.</summary>
    private void LetGo(LeaseBeat beat)
    {
        foreach (var key in beat.Unwanted)
        {
            _held[key].LetGo();
        }

        foreach (var gone in _workersSince.Keys.Except(beat.Workers).ToList())
        {
            _workersSince.Remove(gone);
        }

        beat.Workers.ToList().ForEach(w => _workersSince.TryAdd(w, time.GetTimestamp()));
        var settled = _workersSince.Where(w => w.Key == worker || time.GetElapsedTime(w.Value) >= LeaseShares.Patience).Select(w => w.Key).ToList();
        var others = settled.Count == 0 ? [] : _held.Values.Where(h => h.State.Held && LeaseShares.Of(h.Connection, settled) != worker).ToList();
        var most = Math.Clamp(_held.Count / PartLetGo, 1, MostLetGo);
        others.Where(h => !h.IsLeaving).Take(most - others.Count(h => h.IsLeaving)).ToList().ForEach(h => h.LetGo());
    }

    /// <summary>Takes what is free and this worker's share, and what its own worker leaves free.</summary>
    private async Task TakeAsync(LeaseBeat beat, CancellationToken ct)
    {
        foreach (var gone in _freeSince.Keys.Except(beat.Free).ToList())
        {
            _freeSince.Remove(gone);
        }

        beat.Free.ToList().ForEach(f => _freeSince.TryAdd(f, time.GetTimestamp()));
        var mine = beat.Free.Where(f => !_held.ContainsKey(f)
            && LeaseShares.Takes(f.Connection, worker, beat.Workers, time.GetElapsedTime(_freeSince[f])));
        foreach (var some in mine.Chunk(LeaseSet.MostTaken))
        {
            var askedAt = _count.Now;
            using var patience = Within(LongestAnswer, ct);
            foreach (var taken in await leases.TakeAsync(worker, LeaseMachine.Ttl, some, patience.Token).ConfigureAwait(false))
            {
                var held = _held[(taken.Tenant, taken.Connection)] = new HeldLease(taken.Tenant, taken.Connection, run, ReleaseAsync, _count, logger);
                held.Begin(new LeaseInput.Granted(taken.Epoch, askedAt), _count.Now);
            }
        }
    }

    /// <summary>One that is let go is given back at once; where many are at the end of this worker, all together.</summary>
    private async Task ReleaseAsync(LeaseOf lease)
    {
        if (_ends && _held.Count > MostGivenBackAlone)
        {
            _atTheEnd.Add(lease);
            return;
        }

        await single.ReleaseAsync(lease.Tenant, lease.Connection, lease.Epoch, CancellationToken.None).ConfigureAwait(false);
    }

    private async Task LeaveAsync()
    {
        _ends = true;
        foreach (var held in _held.Values)
        {
            held.LetGo();
        }

        await Task.WhenAll(_held.Values.Select(h => h.Over)).ConfigureAwait(false);
        foreach (var held in _held.Values)
        {
            held.Dispose();
        }

        try
        {
            await leases.ReleaseAsync([.. _atTheEnd], CancellationToken.None).ConfigureAwait(false);
            await leases.LeaveAsync(worker, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception failure) // The job boundary: the others count on it no more when its beats do not come.
        {
            Log.JobFailed(logger, failure, "leaving the workers");
        }
    }

    private static CancellationTokenSource Within(TimeSpan limit, CancellationToken ct)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(ct);
        source.CancelAfter(limit);
        return source;
    }
}
