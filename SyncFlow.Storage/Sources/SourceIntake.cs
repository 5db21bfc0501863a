using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Ledger;
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
        if (await SourceSettingsRows.LockAsync(session, connection, ct).ConfigureAwait(false) is not { } settings)
        {
            return null;
        }

        var systems = await SourceSettingsRows.BeginningsAsync(session, ct).ConfigureAwait(false);
        var map = await SourceMap.ReadAsync(
            session, connection, [.. batch.Events.Select(e => e.Item)], [.. batch.Events.Select(e => e.Place)], ct).ConfigureAwait(false);
        var known = await SourceRepeats.FindAsync(session, settings, batch.Events, map, groups?.Compared ?? true, at, ct).ConfigureAwait(false);
        var items = new SourceItem[batch.Events.Count];
        var fresh = Sound(batch.Events, settings, systems, known, items);
        var judged = SequenceWatch.Judge(
            settings.Mark, [.. fresh.Select(i => new Numbered(batch.Events[i].Sequence, batch.Events[i].OccurredAt))], batch.Watermark, settings.Gapless);
        var frozen = settings.State == SourceState.Frozen || judged.Backwards is not null;

        var bodies = new SourceBodies(settings, systems);
        foreach (var i in fresh)
        {
            items[i] = frozen ? Held(batch.Events[i], HeldReason.SourceFrozen) : Place(batch.Events[i], map);
        }

        await map.NoteUnknownAsync(session, connection, fresh.Select(i => batch.Events[i].Place), at, ct).ConfigureAwait(false);
        await KeepAsync(session, connection, batch.Events, fresh, items, map, frozen, at, ct).ConfigureAwait(false);
        await StoreAsync(session, batch.Events, fresh, items, map, bodies, groups, at, ct).ConfigureAwait(false);
        await NoteAsync(session, settings, frozen ? judged with { Mark = settings.Mark } : judged, items, at, ct).ConfigureAwait(false);
        return new SourceReceipt(frozen ? SourceState.Frozen : SourceState.Active, judged.Backwards ?? settings.Reason, items);
    }

    /// <summary>Events that are new and may be told by this source; the others get their answers.</summary>
    private static List<int> Sound(
        IReadOnlyList<SourceEvent> events, SourceSettings settings, Dictionary<long, int> systems, HashSet<string> known, SourceItem[] items)
    {
        var fresh = new List<int>(events.Count);
        for (var i = 0; i < events.Count; i++)
        {
            var one = events[i];
            if (Refusal(one, settings, systems) is var (field, message) && field is not null)
            {
                items[i] = new SourceItem(one.Id, SourceOutcome.Refused, field, message);
            }
            else if (known.Add(one.Id))
            {
                fresh.Add(i);
            }
            else
            {
                items[i] = new SourceItem(one.Id, SourceOutcome.Repeated);
            }
        }

        return fresh;
    }

    private static (string? Field, string? Message) Refusal(SourceEvent one, SourceSettings settings, Dictionary<long, int> systems)
    {
        var bucket = one.Type switch
        {
            SourceEventType.Movement => one.Bucket,
            SourceEventType.Sale => Bucket.PosPending,
            SourceEventType.Position => Bucket.OnHand,
            _ => Bucket.Allocated,
        };
        return !settings.Buckets.Contains(bucket) ? ("type", $"This source may not write {bucket}.")
            : settings.Ordering == SourceOrdering.Sequence && one.Sequence is null ? ("sequence", "This source's events are ordered by sequence.")
            : one.System is { } system && !systems.ContainsKey(system) ? ("system", "There is no such connection.")
            : one.PostedThrough.FirstOrDefault(m => !systems.ContainsKey(m.System)) is not null ? ("postedThrough", "There is no such connection.")
            : (null, null);
    }

    private static SourceItem Place(SourceEvent one, SourceMap map) => map.Sku(one.Item) is null ? Held(one, HeldReason.UnknownItem)
        : map.Location(one.Place) is null ? Held(one, HeldReason.UnknownPlace)
        : new SourceItem(one.Id, SourceOutcome.Accepted);

    private static SourceItem Held(SourceEvent one, HeldReason reason) => reason switch
    {
        HeldReason.UnknownItem => new(one.Id, SourceOutcome.Held, "sku", "No SKU is known by this code; it is booked once one is."),
        HeldReason.UnknownPlace => new(one.Id, SourceOutcome.Held, "location", "This place is not mapped; it is booked once it is."),
        _ => new(one.Id, SourceOutcome.Held, null, "The source is frozen; it is booked once a person resumes it."),
    };

    private static async Task KeepAsync(
        StorageSession session, ConnectionId connection, IReadOnlyList<SourceEvent> events, List<int> fresh, SourceItem[] items, SourceMap map,
        bool frozen, DateTimeOffset at, CancellationToken ct)
    {
        var kept = fresh.Where(i => items[i].Outcome == SourceOutcome.Held).Select(i => events[i]).ToList();
        if (kept.Count > 0)
        {
            await session.ExecuteAsync(
                HeldRows.Insert(session, connection, kept, e => frozen ? HeldReason.SourceFrozen : map.Sku(e.Item) is null ? HeldReason.UnknownItem : HeldReason.UnknownPlace, at),
                ct).ConfigureAwait(false);
        }
    }

    private static async Task StoreAsync(
        StorageSession session, IReadOnlyList<SourceEvent> events, List<int> fresh, SourceItem[] items, SourceMap map, SourceBodies bodies,
        SourceGroups? groups, DateTimeOffset at, CancellationToken ct)
    {
        var accepted = fresh.Where(i => items[i].Outcome == SourceOutcome.Accepted).ToList();
        if (groups is not null)
        {
            accepted.ForEach(i => groups.Add(bodies.Body(events[i], map)));
            return;
        }

        if (accepted.Count == 0)
        {
            return;
        }

        var stored = await InboxStore.AppendNewAsync(
            session, accepted.ConvertAll(i => bodies.Event(session.Tenant, events[i], map, at)), ct).ConfigureAwait(false);
        var isNew = stored.ToHashSet(StringComparer.Ordinal);
        foreach (var i in accepted.Where(i => !isNew.Contains(events[i].Id)))
        {
            items[i] = new SourceItem(events[i].Id, SourceOutcome.Repeated); // It is in the inbox of today.
        }
    }

    private static async Task NoteAsync(
        StorageSession session, SourceSettings settings, SequenceJudgement judged, SourceItem[] items, DateTimeOffset at, CancellationToken ct)
    {
        await session.ExecuteAsync(SourceSettingsRows.Note(session, settings, judged, items, at), ct).ConfigureAwait(false);
        if (judged.Backwards is { } why)
        {
            await session.ExecuteAsync(SourceFreeze.Open(session, settings.Connection, why, at), ct).ConfigureAwait(false);
        }
    }
}
