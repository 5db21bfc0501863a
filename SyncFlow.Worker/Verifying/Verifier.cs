using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Publishing;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Publishing;
using SyncFlow.Storage.Sessions;
using SyncFlow.Worker.Connections;
using SyncFlow.Worker.Publishing;

namespace SyncFlow.Worker.Verifying;

/// <summary>Carries out one verify machine of a connection; two run side by side, one proves and one attributes.</summary>
internal sealed class Verifier(
    ChannelLease lease, VerifyPurpose purpose, LevelHolds holds, ChannelLinks links, OrderFetch orders, LevelReader levels,
    LevelMarks marks, PushTransactions transactions, Suspension suspension, Npgsql.NpgsqlDataSource source, Signals signals,
    WorkerOptions options, TimeProvider time, ILogger<Verifier> logger)
{
    /// <summary>Levels read in one cycle; the rest follows in the next, at once.</summary>
    private const int MostPerCycle = 1_000;

    /// <summary>How long a new level that the channel does not have is left alone.</summary>
    private static readonly TimeSpan AbsentFor = TimeSpan.FromMinutes(10);

    private readonly Dictionary<LevelId, DateTimeOffset> _absent = [];
    private readonly Rest _rest = new();
    private VerifyState _state = VerifyState.Of(purpose);

    private MarkWish Wish => purpose == VerifyPurpose.Attribute ? MarkWish.Attribution : MarkWish.Unproven;

    /// <summary>However often it is woken, it does not look more often than this; to prove is less urgent than to attribute.</summary>
    private TimeSpan LeastGap => purpose == VerifyPurpose.Attribute ? TimeSpan.FromMilliseconds(20) : options.Verify.Every / 20;

    /// <summary>Runs until the lease ends.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var dirty = signals.Listen(lease.Tenant);
        while (!ct.IsCancellationRequested)
        {
            // A look each time, and a link only where something is to be done: at rest nothing is.
            var (wanted, status) = _state.Phase == VerifyPhase.Idle ? await WantedAsync(ct).ConfigureAwait(false) : (false, null);
            var effect = status?.IsVerified() == false ? null : Step(new VerifyInput.Tick(wanted));
            var link = effect is null or VerifyEffect.Wait ? null : await links.OpenAsync(lease.Tenant, lease.Connection, ct).ConfigureAwait(false);
            if (effect is not VerifyEffect.Wait && link?.Connection.Status.IsVerified() != true)
            {
                _state = VerifyState.Of(purpose);
                await dirty.WaitAsync(_rest.After(found: true), time, ct).ConfigureAwait(false);
                continue;
            }

            while (effect is not VerifyEffect.Wait)
            {
                effect = Step(await CarryOutAsync(link!, effect!, ct).ConfigureAwait(false));
            }

            await PauseAsync(((VerifyEffect.Wait)effect).Until, wanted, dirty, ct).ConfigureAwait(false);
        }
    }

    private VerifyEffect Step(VerifyInput input)
    {
        (_state, var effect) = VerifyCycle.Step(_state, input, time.GetUtcNow(), options.Verify);
        return effect;
    }

    private Task<(bool Wanted, ConnectionStatus? Status)> WantedAsync(CancellationToken ct) => marks.WantedAsync(
        lease.Tenant, lease.Connection, Wish, purpose == VerifyPurpose.Prove ? Absent() : [], ct);

    /// <summary>A drain is waited out; rest ends when something becomes dirty, or with the sweep.</summary>
    private Task PauseAsync(DateTimeOffset until, bool wanted, Signal dirty, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var wait = until <= now ? TimeSpan.Zero : until - now;
        return _state.Phase == VerifyPhase.Idle
            ? RestAsync(wait, _rest.After(wanted), dirty, ct)
            : Task.Delay(wait, time, ct);
    }

    private async Task RestAsync(TimeSpan wait, TimeSpan rest, Signal dirty, CancellationToken ct)
    {
        await dirty.WaitAsync(wait < rest ? wait : rest, time, ct).ConfigureAwait(false);
        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(LeastGap, time, ct).ConfigureAwait(false);
        }
    }

    private async Task<VerifyInput> CarryOutAsync(ChannelLink link, VerifyEffect effect, CancellationToken ct)
    {
        try
        {
            switch (effect)
            {
                case VerifyEffect.FetchOrders:
                    await orders.DeltaAsync(link, exactly: purpose == VerifyPurpose.Prove && _state.WithLevels, ct).ConfigureAwait(false);
                    return new VerifyInput.OrdersApplied();
                case VerifyEffect.ReadLevels read:
                    return await ReadAsync(link, read.Kind, ct).ConfigureAwait(false);
                case VerifyEffect.Store store:
                    await levels.StoreAsync(link, store.Readings, new LeaseOf(lease.Tenant, lease.Connection, lease.Epoch), ct).ConfigureAwait(false);
                    await NoteAsync(ct).ConfigureAwait(false);
                    return new VerifyInput.Stored();
                default:
                    throw new InvalidOperationException($"No way to carry out {effect.GetType().Name}.");
            }
        }
        catch (ChannelFaultException refused)
        {
            await suspension.HandleAsync(lease.Tenant, lease.Connection, refused.Operation, refused.Fault, ct).ConfigureAwait(false);
            return new VerifyInput.Failed();
        }
        catch (NotAppliedException)
        {
            return new VerifyInput.Failed(); // It has been logged where it was found.
        }
        catch (Exception failure) when (failure is not OperationCanceledException and not LeaseLostException)
        {
            Log.PartFailed(logger, failure, lease.Tenant.Value, lease.Connection.Value, $"verify ({purpose})");
            return new VerifyInput.Failed();
        }
    }

    private async Task<VerifyInput> ReadAsync(ChannelLink link, ReadingKind kind, CancellationToken ct)
    {
        var (readings, readAt, missing, more) = await levels.ReadAsync(
            link, holds, Wish, kind, Absent(), MostPerCycle, ct).ConfigureAwait(false);
        foreach (var mark in missing.Where(m => !m.WasRead))
        {
            _absent[mark.Level] = readAt + AbsentFor;
        }

        // Once that is known the level is leaving, and the next cycle proves that it is gone.
        await levels.StoreGoneAsync(link, missing.Where(m => m.WasRead), ct).ConfigureAwait(false);
        return new VerifyInput.LevelsRead(readings, readAt, more);
    }

    private List<LevelId> Absent()
    {
        var now = time.GetUtcNow();
        foreach (var (level, until) in _absent.ToList())
        {
            if (until <= now)
            {
                _absent.Remove(level);
            }
        }

        return [.. _absent.Keys];
    }

    private async Task NoteAsync(CancellationToken ct)
    {
        WorkerMeter.VerifyCycles.Add(1, new KeyValuePair<string, object?>("purpose", purpose.ToString()));
        if (purpose != VerifyPurpose.Prove)
        {
            return;
        }

        await using (var session = await StorageSession.OpenAsync(source, lease.Tenant, ct).ConfigureAwait(false))
        {
            await ConnectionStore.NoteVerifiedAsync(session, lease.Connection, null, time.GetUtcNow(), ct).ConfigureAwait(false);
            await session.CommitAsync(ct).ConfigureAwait(false);
        }

        await transactions.CloseResolvedAsync(lease.Tenant, lease.Connection, ct).ConfigureAwait(false);
    }
}
