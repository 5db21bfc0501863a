using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;

namespace SyncFlow.Storage.Sources;

/// <summary>Events that are being taken in, with what is known of them and what becomes of each.</summary>
/// <param name="Events">As they were told.</param>
/// <param name="Items">What becomes of each of them.</param>
/// <param name="Fresh">Places of those that are new and may be told by the source.</param>
/// <param name="Map">What they speak of.</param>
/// <param name="Bodies">Makes events of the inbox.</param>
internal sealed record TakenEvents(IReadOnlyList<SourceEvent> Events, SourceItem[] Items, IReadOnlyList<int> Fresh, SourceMap Map, SourceBodies Bodies)
{
    /// <summary>Events of a source; those that are refused or known have their answers.</summary>
    public static TakenEvents Of(
        IReadOnlyList<SourceEvent> events, SourceSettings settings, Dictionary<long, int> systems, SourceMap map, HashSet<string> known)
    {
        var items = new SourceItem[events.Count];
        return new TakenEvents(events, items, Sound(events, settings, systems, known, items), map, new SourceBodies(settings, systems));
    }

    /// <summary>What they mean for the order of their source.</summary>
    public SequenceJudgement Judge(SourceSettings settings, long? watermark) => SequenceWatch.Judge(
        settings.Mark, [.. Fresh.Select(i => new Numbered(Events[i].Sequence, Events[i].OccurredAt))], watermark, settings.Gapless);

    /// <summary>Says what becomes of those that are new.</summary>
    public void Decide(bool frozen)
    {
        foreach (var i in Fresh)
        {
            Items[i] = frozen ? Held(Events[i], HeldReason.SourceFrozen) : Place(Events[i], Map);
        }
    }

    /// <summary>Places of new ones with an outcome.</summary>
    public List<int> With(SourceOutcome outcome) => [.. Fresh.Where(i => Items[i].Outcome == outcome)];

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
}
