using System.Collections.Immutable;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Brakes;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Brakes;

/// <summary>What became of a wish to change a rule.</summary>
public enum RuleOutcome
{
    /// <summary>It stands, whether by this wish or already.</summary>
    Stands,

    /// <summary>The breaker holds it; nothing of it is done.</summary>
    Waits,

    /// <summary>Somebody changed the rule since the caller read it.</summary>
    Stale,

    /// <summary>It is wrong, or something stands against it.</summary>
    Refused,
}

/// <summary>The answer to a wish to change a rule.</summary>
/// <param name="Change">The change; null where nothing was changed.</param>
/// <param name="Trip">Why the breaker holds it, or would; null where it does not.</param>
/// <param name="Writes">What is written if it is done, in the order of their steps.</param>
/// <param name="Faults">What is wrong with it, by field.</param>
/// <param name="Conflict">What stands against it.</param>
public sealed record RuleAnswer(
    RuleOutcome Outcome, ChangeView? Change, string? Trip, ImmutableArray<PreviewedWrite> Writes, ImmutableArray<PolicyFault> Faults,
    string? Conflict)
{
    internal static RuleAnswer Of(RuleOutcome outcome) => new(outcome, null, null, [], [], null);
}

/// <summary>
/// Sets rules that decide over many levels: allocation policies, buffers, kits and groups. Each change goes through the
/// breaker, can be looked at before, and can be taken back.
/// </summary>
/// <param name="source">Acts as the api role, or as the worker's for what takes long.</param>
/// <param name="time">The clock.</param>
public sealed class RuleDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>SKUs that a change of a rule may reach while its caller waits for it; where it reaches more, a run does it.</summary>
    public const int MostAtOnce = 5_000;

    private readonly ChangePreview _preview = new(time);

    /// <summary>What can be said of a wish before anybody looks at what it does; and whether that takes long.</summary>
    /// <returns>The answer where it stands already, waits already or cannot be; else null, and the SKUs that it reaches.</returns>
    public async Task<(RuleAnswer? Answer, int Reach)> BeginAsync(
        TenantId tenant, RuleChange change, int? expected, bool previewOnly, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var (checkedChange, early) = await CheckAsync(session, change, expected, ct).ConfigureAwait(false);
        early ??= previewOnly ? null : await WaitingAsync(session, checkedChange, ct).ConfigureAwait(false);
        return (early, early is null ? await PolicyReach.CountAsync(session, change, ct).ConfigureAwait(false) : 0);
    }

    /// <summary>What a change would write, and whether the breaker would hold it; nothing is changed.</summary>
    /// <param name="expected">The version the caller read; null where any will do.</param>
    /// <param name="progress">Told how many SKUs have been looked at.</param>
    public async Task<RuleAnswer> PreviewAsync(
        TenantId tenant, RuleChange change, int? expected, string who, Func<int, Task>? progress, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var (checkedChange, early) = await CheckAsync(session, change, expected, ct).ConfigureAwait(false);
        if (early is not null)
        {
            return early;
        }

        var effects = await _preview.EffectsAsync(session, checkedChange, progress, ct).ConfigureAwait(false);
        var trip = await _preview.JudgeAsync(session, change.Kind, who, effects.Levels, ct).ConfigureAwait(false);
        return RuleAnswer.Of(trip is null ? RuleOutcome.Stands : RuleOutcome.Waits) with { Trip = trip, Writes = effects.Writes };
    }

    /// <summary>
    /// Sets a rule and has what it reaches planned again, or leaves it waiting where the breaker holds it. What stands
    /// already is not set again.
    /// </summary>
    /// <param name="expected">The version the caller read; null where any will do.</param>
    /// <param name="why">For whoever finds it later.</param>
    /// <param name="progress">Told how many SKUs have been looked at; given where that takes long: it is done before others have to wait.</param>
    public Task<RuleAnswer> SetAsync(
        TenantId tenant, RuleChange change, int? expected, string why, string who, Func<int, Task>? progress, CancellationToken ct) =>
        SetAsync(tenant, change, details: null, expected, why, who, progress, ct);

    /// <inheritdoc cref="SetAsync(TenantId, RuleChange, int?, string, string, Func{int, Task}?, CancellationToken)"/>
    /// <param name="details">
    /// What is set beside a change of a location, together with it or not at all; it moves no level, so it does not wait with it.
    /// </param>
    public async Task<RuleAnswer> SetAsync(
        TenantId tenant, RuleChange change, LocationDetails? details, int? expected, string why, string who, Func<int, Task>? progress, CancellationToken ct)
    {
        var seen = progress is null ? null : await LookAsync(tenant, change, expected, progress, ct).ConfigureAwait(false);
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await ChangeDesk.LockAsync(session, ct).ConfigureAwait(false);
        var place = (change as LocationChange)?.Location;
        if (place is { } held)
        {
            await SettingRows.VersionAsync(session, held, hold: true, ct).ConfigureAwait(false);
        }

        var answer = await TakeInAsync(session, change, seen, expected, why, who, progress, ct).ConfigureAwait(false);
        if (answer.Outcome is RuleOutcome.Stale or RuleOutcome.Refused)
        {
            return answer;
        }

        if (details is { IsEmpty: false })
        {
            var location = place ?? throw new ArgumentException("Only a location has details.", nameof(details));
            await LocationDesk.UpdateAsync(session, location.Value, details, expected: null, ct).ConfigureAwait(false); // Checked above.
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
        return answer;
    }

    /// <summary>Sets a rule in a session that holds the lock of changes, or leaves it waiting; it lasts when the session commits.</summary>
    private async Task<RuleAnswer> TakeInAsync(
        StorageSession session, RuleChange change, Seen? seen, int? expected, string why, string who, Func<int, Task>? progress, CancellationToken ct)
    {
        var (checkedChange, early) = await CheckAsync(session, change, expected, ct).ConfigureAwait(false);
        early ??= await WaitingAsync(session, checkedChange, ct).ConfigureAwait(false);
        if (early is not null)
        {
            return early;
        }

        // What was seen before the lock holds, unless another change was done meanwhile.
        var effects = seen is not null && seen.Replaces == checkedChange.Replaces && seen.Mark == await ChangeRows.MarkAsync(session, ct).ConfigureAwait(false)
            ? seen.Effects
            : await _preview.EffectsAsync(session, checkedChange, progress, ct).ConfigureAwait(false);
        var view = await ChangeDesk.TakeInAsync(session, checkedChange, effects.Levels, _preview, why, who, DatabaseTime.Now(time), ct).ConfigureAwait(false);
        var outcome = view.State == ChangeState.Waiting ? RuleOutcome.Waits : RuleOutcome.Stands;
        return RuleAnswer.Of(outcome) with { Change = view, Trip = view.Trip, Writes = effects.Writes };
    }

    /// <summary>Writes as they are told: counted, and the first of them.</summary>
    public async Task<PolicyWrites> TellAsync(TenantId tenant, ImmutableArray<PreviewedWrite> writes, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await PolicyWrites.OfAsync(session, writes, ct).ConfigureAwait(false);
    }

    /// <param name="Mark">Of the changes that were done before it was looked at.</param>
    /// <param name="Replaces">The version of the rule then.</param>
    private sealed record Seen(ChangeMark Mark, int Replaces, ChangeEffects Effects);

    /// <summary>Null where there is nothing to look at.</summary>
    private async Task<Seen?> LookAsync(TenantId tenant, RuleChange change, int? expected, Func<int, Task> progress, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var mark = await ChangeRows.MarkAsync(session, ct).ConfigureAwait(false);
        var (checkedChange, early) = await CheckAsync(session, change, expected, ct).ConfigureAwait(false);
        return early is null
            ? new Seen(mark, checkedChange.Replaces, await _preview.EffectsAsync(session, checkedChange, progress, ct).ConfigureAwait(false))
            : null;
    }

    /// <summary>Asked again, for example by a client that lost the answer: the wish waits once.</summary>
    private static async Task<RuleAnswer?> WaitingAsync(StorageSession session, RuleChange change, CancellationToken ct)
    {
        if (await ChangeRows.FindWaitingAsync(session, change, ct).ConfigureAwait(false) is not { } known)
        {
            return null;
        }

        var waiting = await ChangeDesk.ViewAsync(session, known, ct).ConfigureAwait(false);
        return RuleAnswer.Of(RuleOutcome.Waits) with { Change = waiting, Trip = waiting!.Trip };
    }

    /// <summary>The change as made for what stands now; or the answer, where nothing is to be done.</summary>
    private static async Task<(RuleChange Change, RuleAnswer? Early)> CheckAsync(
        StorageSession session, RuleChange change, int? expected, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(change);
        var current = await RuleRows.CurrentAsync(session, change, ct).ConfigureAwait(false);
        var stands = change is LocationChange place
            ? await SettingRows.VersionAsync(session, place.Location, hold: false, ct).ConfigureAwait(false)
            : current.Replaces;
        if (expected is { } version && version != stands)
        {
            return (change, RuleAnswer.Of(RuleOutcome.Stale));
        }

        if (current.SaysLike(change))
        {
            return (change, RuleAnswer.Of(RuleOutcome.Stands));
        }

        return await RuleRows.AgainstAsync(session, change, ct).ConfigureAwait(false) is { } against
            ? (change, RuleAnswer.Of(RuleOutcome.Refused) with { Faults = against.Faults, Conflict = against.Conflict })
            : (change with { Replaces = current.Replaces }, null);
    }
}
