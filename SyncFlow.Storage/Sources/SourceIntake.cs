using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources;

/// <summary>
/// Takes events of a source in, whichever way they came: each is stored in the inbox, kept until it is mapped, known as a
/// repeat, or refused with its field; all in one transaction and in a fixed number of statements.
/// </summary>
/// <param name="source">Acts as the api role or the worker role.</param>
/// <param name="time">The clock.</param>
public sealed class SourceIntake(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Takes a batch in; null where the tenant has no such source.</summary>
    public async Task<SourceReceipt?> TakeInAsync(TenantId tenant, ConnectionId connection, SourceBatch batch, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var receipt = await TakeInAsync(session, connection, batch, DatabaseTime.Now(time), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return receipt;
    }

    /// <summary>Takes a batch in; it is there when the session commits.</summary>
    /// <param name="groups">Where accepted events are put instead of into the inbox, for whoever stores them together; null for nowhere.</param>
    public static async Task<SourceReceipt?> TakeInAsync(
        StorageSession session, ConnectionId connection, SourceBatch batch, DateTimeOffset at, CancellationToken ct, SourceGroups? groups = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batch.Events.Count, SourceBatch.MostEvents, nameof(batch));
        if (await SourceSettingsRows.ReadAsync(session, connection, ct).ConfigureAwait(false) is not { } before)
        {
            return null;
        }

        // What can be known without the lock is: a source that tells much waits for itself in it. An event that comes twice at once
        // is one in the inbox all the same.
        var taken = await ReadAsync(session, before, batch.Events, compared: true, at, ct).ConfigureAwait(false);
        var settings = (await SourceSettingsRows.LockAsync(session, connection, ct).ConfigureAwait(false))!;
        taken = settings.Beginning == before.Beginning ? taken : await ReadAsync(session, settings, batch.Events, compared: true, at, ct).ConfigureAwait(false);
        var judged = taken.Judge(settings, batch.Watermark);
        var frozen = settings.State == SourceState.Frozen || judged.Backwards is not null;
        taken.Decide(frozen);
        await KeepAsync(session, connection, taken, frozen, at, ct).ConfigureAwait(false);
        await StoreAsync(session, taken, groups, at, ct).ConfigureAwait(false);
        await NoteAsync(session, settings, frozen ? judged with { Mark = settings.Mark } : judged, taken.Items, at, ct, batch.Unreadable).ConfigureAwait(false);
        return new SourceReceipt(frozen ? SourceState.Frozen : SourceState.Active, judged.Backwards ?? settings.Reason, taken.Items);
    }

    /// <summary>
    /// Takes rows of a file in, much as a batch. The source is locked at the very end, so that what it tells meanwhile waits
    /// for no file; they are there when the session commits, which must be soon.
    /// </summary>
    /// <param name="name">What they stand in, unique among all that the source ever told.</param>
    /// <param name="locked">Whether it is locked before anything else.</param>
    /// <returns>
    /// What became of each; null where the source was not locked first and is frozen, is to be, or became another one: nothing
    /// of it may be kept then, and it is to be locked first.
    /// </returns>
    internal static async Task<IReadOnlyList<SourceItem>?> TakePastInAsync(
        StorageSession session, ConnectionId connection, IReadOnlyList<SourceEvent> events, string name, bool locked, DateTimeOffset at, CancellationToken ct)
    {
        var before = (locked
            ? await SourceSettingsRows.LockAsync(session, connection, ct).ConfigureAwait(false)
            : await SourceSettingsRows.ReadAsync(session, connection, ct).ConfigureAwait(false))!;
        var taken = await ReadAsync(session, before, events, compared: false, at, ct).ConfigureAwait(false);
        var (settings, judged) = (before, taken.Judge(before, null));
        var frozen = before.State == SourceState.Frozen || judged.Backwards is not null;
        if (frozen && !locked)
        {
            return null;
        }

        taken.Decide(frozen);
        var groups = new SourceGroups();
        await StoreAsync(session, taken, groups, at, ct).ConfigureAwait(false);
        await groups.StoreAsync(session, connection, name, at, ct).ConfigureAwait(false);
        if (!locked)
        {
            settings = (await SourceSettingsRows.LockAsync(session, connection, ct).ConfigureAwait(false))!;
            judged = taken.Judge(settings, null);
            if (judged.Backwards is not null || settings.State != before.State || settings.Beginning != before.Beginning)
            {
                return null;
            }
        }

        await KeepAsync(session, connection, taken, frozen, at, ct).ConfigureAwait(false);
        await NoteAsync(session, settings, frozen ? judged with { Mark = settings.Mark } : judged, taken.Items, at, ct).ConfigureAwait(false);
        await groups.NoteAsync(session, connection, ct).ConfigureAwait(false);
        return taken.Items;
    }

    /// <summary>What there is to know of events before it is decided what becomes of them.</summary>
    /// <param name="compared">
    /// Whether each is compared with those that wait together with others. A file does without: its rows are many and only
    /// counted, and one that was taken in before and waits is known by its key when it comes to be booked.
    /// </param>
    private static async Task<TakenEvents> ReadAsync(
        StorageSession session, SourceSettings settings, IReadOnlyList<SourceEvent> events, bool compared, DateTimeOffset at, CancellationToken ct)
    {
        var systems = await SourceSettingsRows.BeginningsAsync(session, ct).ConfigureAwait(false);
        var map = await SourceMap.ReadAsync(
            session, settings.Connection, [.. events.Select(e => e.Item)], [.. events.Select(e => e.Place)], ct).ConfigureAwait(false);
        var known = await SourceRepeats.FindAsync(session, settings, events, map, compared, at, ct).ConfigureAwait(false);
        return TakenEvents.Of(events, settings, systems, map, known);
    }

    private static async Task KeepAsync(
        StorageSession session, ConnectionId connection, TakenEvents taken, bool frozen, DateTimeOffset at, CancellationToken ct)
    {
        await taken.Map.NoteUnknownAsync(session, connection, taken.Fresh.Select(i => taken.Events[i].Place), at, ct).ConfigureAwait(false);
        var kept = taken.With(SourceOutcome.Held).ConvertAll(i => taken.Events[i]);
        if (kept.Count > 0)
        {
            await session.ExecuteAsync(
                HeldRows.Insert(
                    session, connection, kept,
                    e => frozen ? HeldReason.SourceFrozen : taken.Map.Sku(e.Item) is null ? HeldReason.UnknownItem : HeldReason.UnknownPlace, at),
                ct).ConfigureAwait(false);
        }
    }

    private static async Task StoreAsync(StorageSession session, TakenEvents taken, SourceGroups? groups, DateTimeOffset at, CancellationToken ct)
    {
        var accepted = taken.With(SourceOutcome.Accepted);
        if (groups is not null)
        {
            accepted.ForEach(i => groups.Add(taken.Bodies.Body(taken.Events[i], taken.Map)));
            return;
        }

        if (accepted.Count == 0)
        {
            return;
        }

        var stored = await InboxStore.AppendNewAsync(
            session, accepted.ConvertAll(i => taken.Bodies.Event(session.Tenant, taken.Events[i], taken.Map, at)), ct).ConfigureAwait(false);
        var isNew = stored.ToHashSet(StringComparer.Ordinal);
        foreach (var i in accepted.Where(i => !isNew.Contains(taken.Events[i].Id)))
        {
            taken.Items[i] = new SourceItem(taken.Events[i].Id, SourceOutcome.Repeated); // It is in the inbox of today.
        }
    }

    private static async Task NoteAsync(
        StorageSession session, SourceSettings settings, SequenceJudgement judged, SourceItem[] items, DateTimeOffset at, CancellationToken ct, int unreadable = 0)
    {
        await session.ExecuteAsync(SourceSettingsRows.Note(session, settings, judged, items, at, unreadable), ct).ConfigureAwait(false);
        if (judged.Backwards is { } why)
        {
            await session.ExecuteAsync(SourceFreeze.Open(session, settings.Connection, why, at), ct).ConfigureAwait(false);
        }
    }
}
