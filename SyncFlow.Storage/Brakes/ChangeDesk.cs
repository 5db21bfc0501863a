using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Brakes;

/// <summary>
/// Takes bulk changes in: what is small is done at once, what the breaker holds waits, with nothing of it done, until a
/// person decides. Approving does what was shown, or says that it is not that any more.
/// </summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class ChangeDesk(NpgsqlDataSource source, TimeProvider time)
{
    private readonly ChangePreview _preview = new(time);

    /// <summary>Changes, newest first.</summary>
    public async Task<List<ChangeView>> ListAsync(long tenant, ChangeState? state, long? before, int count, CancellationToken ct)
    {
        await using var session = await OpenAsync(tenant, ct).ConfigureAwait(false);
        var views = new List<ChangeView>();
        foreach (var stored in await ChangeRows.ListAsync(session, null, state, before, count, ct).ConfigureAwait(false))
        {
            views.Add(await ChangeRows.ViewAsync(session, stored, ct).ConfigureAwait(false));
        }

        return views;
    }

    /// <summary>One change, or null.</summary>
    public async Task<ChangeView?> FindAsync(long tenant, long id, CancellationToken ct)
    {
        await using var session = await OpenAsync(tenant, ct).ConfigureAwait(false);
        return await ViewAsync(session, id, ct).ConfigureAwait(false);
    }

    /// <summary>A page of the levels that a change was last shown to change; null where there is no such change.</summary>
    /// <param name="after">Only levels behind this one.</param>
    public async Task<List<ShownLevel>?> LevelsAsync(long tenant, long id, long? after, int count, CancellationToken ct)
    {
        await using var session = await OpenAsync(tenant, ct).ConfigureAwait(false);
        return await ViewAsync(session, id, ct).ConfigureAwait(false) is null
            ? null
            : await ChangePreview.LevelsAsync(session, id, after, count, ct).ConfigureAwait(false);
    }

    /// <summary>Takes a change in: done at once, or waiting where the breaker holds it.</summary>
    public async Task<ChangeView> ProposeAsync(long tenant, SkuChange change, string why, string who, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(change);
        await using var session = await OpenAsync(tenant, ct).ConfigureAwait(false);
        await LockAsync(session, ct).ConfigureAwait(false);
        var effects = await _preview.EffectsAsync(session, change, progress: null, ct).ConfigureAwait(false);
        var view = await TakeInAsync(session, change, effects.Levels, _preview, why, who, DatabaseTime.Now(time), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return view;
    }

    /// <summary>
    /// Takes new settings of one SKU in, where it still has those that the caller read: done at once, or waiting. Its title
    /// waits for nothing: it is set either way.
    /// </summary>
    /// <param name="title">Null where it stays.</param>
    /// <returns>Null where somebody changed it meanwhile; nothing is done then.</returns>
    public async Task<ChangeView?> ProposeAsync(
        long tenant, SkuPolicyItem wanted, SkuPolicyItem expected, NewTitle? title, string why, string who, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        await using var session = await OpenAsync(tenant, ct).ConfigureAwait(false);
        await LockAsync(session, ct).ConfigureAwait(false);
        if ((await ChangeApplication.PoliciesAsync(session, [wanted.Sku], ct).ConfigureAwait(false)).SingleOrDefault() != expected)
        {
            return null;
        }

        const string rename = "UPDATE skus SET title = $3 WHERE tenant_id = $1 AND sku_id = $2 AND title = $4";
        if (title is not null
            && await session.ExecuteAsync(session.Of(rename, Sql.P(wanted.Sku.Value), Sql.P(title.Wanted), Sql.P(title.Expected)), ct).ConfigureAwait(false) == 0)
        {
            return null;
        }

        var change = new SkuPoliciesChange([wanted]);
        var effects = await _preview.EffectsAsync(session, change, progress: null, ct).ConfigureAwait(false);
        var view = await TakeInAsync(session, change, effects.Levels, _preview, why, who, DatabaseTime.Now(time), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return view;
    }

    /// <summary>One at a time per tenant: two halves of a mass change at the same moment must see each other.</summary>
    internal static Task<int> LockAsync(StorageSession session, CancellationToken ct) =>
        session.ExecuteAsync(session.Of("SELECT pg_advisory_xact_lock(hashtextextended('changes:' || $1, 0))"), ct);

    /// <summary>Stores a change with what it would do, and does it where the breaker lets it pass.</summary>
    internal static async Task<ChangeView> TakeInAsync(
        StorageSession session, BulkChange change, IReadOnlyList<LevelEffect> effects, ChangePreview preview, string why, string who, DateTimeOffset now,
        CancellationToken ct)
    {
        var trip = await preview.JudgeAsync(session, change.Kind, who, effects, ct).ConfigureAwait(false);
        var id = await ChangeRows.InsertAsync(session, change, why, who, trip, undoes: null, now, ct).ConfigureAwait(false);
        await ChangeRows.ShowAsync(session, id, effects, ct).ConfigureAwait(false);
        if (trip is null)
        {
            await DoAsync(session, id, change, who, why, note: null, now, ct).ConfigureAwait(false);
        }
        else
        {
            await OpenIncidentAsync(session, id, trip, now, ct).ConfigureAwait(false);
        }

        return (await ViewAsync(session, id, ct).ConfigureAwait(false))!;
    }

    /// <summary>
    /// Does a waiting change. Where it would by now change other levels than were shown, change them the other way, or
    /// empty others, or where the rule it replaces is another by now, nothing is done: it is shown anew and keeps waiting.
    /// </summary>
    /// <param name="version">What the person has seen.</param>
    /// <param name="progress">Told how many SKUs have been looked at; given where that takes long: it is done before others have to wait.</param>
    public async Task<Decision> ApproveAsync(
        long tenant, long id, int version, string who, string? note, Func<int, Task>? progress, CancellationToken ct)
    {
        var seen = progress is null ? null : await LookAsync(tenant, id, version, progress, ct).ConfigureAwait(false);
        await using var session = await OpenAsync(tenant, ct).ConfigureAwait(false);
        await LockAsync(session, ct).ConfigureAwait(false);
        var stored = await ChangeRows.LockAsync(session, id, ct).ConfigureAwait(false);
        if (await RefusedAsync(session, stored, version, ChangeState.Waiting, ct).ConfigureAwait(false) is { } refused)
        {
            return refused;
        }

        var change = stored!.Change;
        if (change is RuleChange rule)
        {
            if (await RuleRows.AgainstAsync(session, rule, ct).ConfigureAwait(false) is { } against)
            {
                return new Decision(DecisionOutcome.Refused, await ViewAsync(session, id, ct).ConfigureAwait(false), [], against.Conflict);
            }

            change = rule with { Replaces = (await RuleRows.CurrentAsync(session, rule, ct).ConfigureAwait(false)).Replaces };
        }

        if (change is StockFactsChange && await FactsTakeBack.PendingAsync(session, id, ct).ConfigureAwait(false) is > 0 and var pending)
        {
            return new Decision(DecisionOutcome.Refused, await ViewAsync(session, id, ct).ConfigureAwait(false), [], FactsTakeBack.NotBooked(pending));
        }

        var now = DatabaseTime.Now(time);
        var shown = (await ChangePreview.ShownAsync(session, id, ct).ConfigureAwait(false)).ToDictionary(e => e.Level);
        var effects = seen?.Mark == await ChangeRows.MarkAsync(session, ct).ConfigureAwait(false)
            ? seen.Levels
            : (await _preview.EffectsAsync(session, change, progress, ct).ConfigureAwait(false)).Levels;
        var replacesAsShown = (change as RuleChange)?.Replaces == (stored.Change as RuleChange)?.Replaces;
        var asShown = replacesAsShown && ChangeBreaker.DoesAsShown(change, shown.Values, effects);
        await ChangeRows.ShowAsync(session, id, effects, ct).ConfigureAwait(false);
        if (asShown)
        {
            await DoAsync(session, id, change, who, stored.Why, note, now, ct).ConfigureAwait(false);
            await CloseIncidentAsync(session, id, now, ct).ConfigureAwait(false);
        }
        else
        {
            await ChangeRows.ChangedAsync(session, id, change, ct).ConfigureAwait(false);
        }

        var view = await ViewAsync(session, id, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return asShown
            ? new Decision(DecisionOutcome.Done, view, [.. ChangeBreaker.Moved(shown, effects).Select(ChangeRows.View)])
            : new Decision(DecisionOutcome.NotAsShown, view, []);
    }

    /// <summary>Why a decision cannot be made on what somebody has seen, null where it can; and how many SKUs are looked at for it.</summary>
    /// <param name="state">In which the change must be.</param>
    public async Task<(Decision? Refused, int Reach)> BeginAsync(long tenant, long id, int version, ChangeState state, CancellationToken ct)
    {
        await using var session = await OpenAsync(tenant, ct).ConfigureAwait(false);
        var stored = (await ChangeRows.ListAsync(session, id, null, null, 1, ct).ConfigureAwait(false)).SingleOrDefault();
        var refused = await RefusedAsync(session, stored, version, state, ct).ConfigureAwait(false);
        return (refused, refused is null ? await PolicyReach.CountAsync(session, stored!.Change, ct).ConfigureAwait(false) : 0);
    }

    private sealed record Seen(ChangeMark Mark, IReadOnlyList<LevelEffect> Levels);

    /// <summary>Null where there is nothing to look at.</summary>
    private async Task<Seen?> LookAsync(long tenant, long id, int version, Func<int, Task> progress, CancellationToken ct)
    {
        await using var session = await OpenAsync(tenant, ct).ConfigureAwait(false);
        var mark = await ChangeRows.MarkAsync(session, ct).ConfigureAwait(false);
        var stored = (await ChangeRows.ListAsync(session, id, null, null, 1, ct).ConfigureAwait(false)).SingleOrDefault();
        if (await RefusedAsync(session, stored, version, ChangeState.Waiting, ct).ConfigureAwait(false) is not null)
        {
            return null;
        }

        var change = stored!.Change is RuleChange rule
            ? rule with { Replaces = (await RuleRows.CurrentAsync(session, rule, ct).ConfigureAwait(false)).Replaces }
            : stored.Change;
        return new Seen(mark, (await _preview.EffectsAsync(session, change, progress, ct).ConfigureAwait(false)).Levels);
    }

    /// <summary>
    /// Gives a waiting change up; nothing of it was done. Corrections and counts are booked: they are taken back, and what they
    /// held is let go only once the ledger has that, so that nothing rises in between. Until then the answer is
    /// <see cref="DecisionOutcome.TakingBack"/>, and it is to be asked for again.
    /// </summary>
    public async Task<Decision> RejectAsync(long tenant, long id, int version, string who, string? note, CancellationToken ct)
    {
        await using var session = await OpenAsync(tenant, ct).ConfigureAwait(false);
        var stored = await ChangeRows.LockAsync(session, id, ct).ConfigureAwait(false);
        if (await RefusedAsync(session, stored, version, ChangeState.Waiting, ct).ConfigureAwait(false) is { } refused)
        {
            return refused;
        }

        var now = DatabaseTime.Now(time);
        if (stored!.Change is StockFactsChange facts)
        {
            if (await FactsTakeBack.RequestAsync(session, id, who, now, ct).ConfigureAwait(false) is var (outcome, why))
            {
                var asked = await ViewAsync(session, id, ct).ConfigureAwait(false);
                await session.CommitAsync(ct).ConfigureAwait(false);
                return new Decision(outcome, asked, [], why);
            }

            await FactsBrake.ReleaseAsync(session, id, facts, now, ct).ConfigureAwait(false);
        }

        await ChangeRows.DecideAsync(session, id, ChangeState.Rejected, who, note, before: null, now, ct).ConfigureAwait(false);
        await CloseIncidentAsync(session, id, now, ct).ConfigureAwait(false);
        var view = await ViewAsync(session, id, ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return new Decision(DecisionOutcome.Done, view, []);
    }

    /// <summary>Does a stored change and notes it.</summary>
    internal static async Task DoAsync(
        StorageSession session, long id, BulkChange change, string who, string why, string? note, DateTimeOffset at, CancellationToken ct)
    {
        var before = await ChangeApplication.ApplyAsync(session, id, change, who, why, at, ct).ConfigureAwait(false);
        await ChangeRows.DecideAsync(session, id, ChangeState.Applied, who, note, before, at, ct).ConfigureAwait(false);
    }

    /// <summary>A change as it stands in a session; or null.</summary>
    internal static async Task<ChangeView?> ViewAsync(StorageSession session, long id, CancellationToken ct)
    {
        var found = await ChangeRows.ListAsync(session, id, null, null, 1, ct).ConfigureAwait(false);
        return found.Count == 0 ? null : await ChangeRows.ViewAsync(session, found[0], ct).ConfigureAwait(false);
    }

    private static async Task<Decision?> RefusedAsync(
        StorageSession session, StoredChange? stored, int version, ChangeState state, CancellationToken ct)
    {
        if (stored is null)
        {
            return new Decision(DecisionOutcome.NoSuchChange, null, []);
        }

        DecisionOutcome? outcome = stored.State != state ? DecisionOutcome.WrongState
            : stored.Version != version ? DecisionOutcome.NotAsShown
            : null;
        return outcome is { } refused
            ? new Decision(refused, await ViewAsync(session, stored.Id, ct).ConfigureAwait(false), [])
            : null;
    }

    internal static Task<int> OpenIncidentAsync(StorageSession session, long id, string trip, DateTimeOffset at, CancellationToken ct) =>
        session.ExecuteAsync(
            CaseRows.UpsertIncidents(
                session,
                [new Incident(IncidentKey(id), "mass-change", $"Bulk change {id} waits for approval: {trip}.", null, null, null, at)]),
            ct);

    private static Task<int> CloseIncidentAsync(StorageSession session, long id, DateTimeOffset at, CancellationToken ct) => session.ExecuteAsync(
        session.Of(
            "UPDATE incidents SET closed_at = $3 WHERE tenant_id = $1 AND incident_key = $2 AND closed_at IS NULL",
            Sql.P(IncidentKey(id)), Sql.P(at)),
        ct);

    private static string IncidentKey(long id) => $"mass-change:{id}";

    private Task<StorageSession> OpenAsync(long tenant, CancellationToken ct) => StorageSession.OpenAsync(source, new TenantId(tenant), ct);
}
