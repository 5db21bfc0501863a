using SyncFlow.Core.Allocation;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Preorders;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Explaining;

/// <summary>Why the numbers are what they are, in sentences, from the shelf to the channel.</summary>
public static class Narrative
{
    private static readonly Bucket[] Subtracted =
    [
        Bucket.Committed, Bucket.Allocated, Bucket.PosPending, Bucket.Reserved, Bucket.ShippedUnposted, Bucket.Suspense, Bucket.Unavailable,
    ];

    /// <summary>The sentences.</summary>
    /// <param name="moment">The SKU at the moment.</param>
    /// <param name="levels">The levels that are asked about.</param>
    /// <param name="location">The one location that is asked about, or null for all.</param>
    public static IReadOnlyList<string> Of(StockMoment moment, IReadOnlyList<LevelAccount> levels, LocationId? location)
    {
        ArgumentNullException.ThrowIfNull(moment);
        ArgumentNullException.ThrowIfNull(levels);
        var sentences = new List<string>();
        foreach (var pool in moment.Sku.Pools
            .Where(p => (location is null || p.Location == location) && (!moment.Sku.IsKit || p.Buckets != default)))
        {
            sentences.Add(PoolSentence(moment, pool));
        }

        if (moment.Sku.IsKit)
        {
            sentences.AddRange(KitWords.Of(moment));
        }

        sentences.AddRange(DebtAccount.Of(moment, location).Select(d => d.Sentence(moment)));
        sentences.AddRange(moment.Stops.Sentences(moment, location));
        sentences.Add(ModeSentence(moment));
        foreach (var level in levels)
        {
            sentences.Add(BeliefSentence(moment, level));
            sentences.Add(QuotaSentence(moment, level));
            if (level.Stopped is { } stopped)
            {
                sentences.Add(stopped.Sentence(Name(moment, level), level.State.Id));
            }

            if (level.Parked is { } parked)
            {
                sentences.Add(parked.Sentence(Name(moment, level), level));
            }

            if (level.Pushes is [var push, ..])
            {
                sentences.Add(Words.Of(
                    $"The last push to {Name(moment, level)} was {push.Change}, planned {Words.Time(push.PlannedAt, moment.At)}: {push.Progress}."));
            }
        }

        return sentences;
    }

    private static string PoolSentence(StockMoment moment, Pool pool)
    {
        var name = moment.Names.Of(pool.Location);
        var sum = Words.Of($"{pool.Buckets.OnHand} on hand");
        foreach (var bucket in Subtracted.Where(b => pool.Buckets[b] != 0))
        {
            sum += Words.Of($" − {pool.Buckets[bucket]} {Words.Of(bucket)}");
        }

        sum += BufferWords(pool, moment.Sku.Policy);
        sum += pool.Withheld == 0 ? "" : Words.Of($" − {pool.Withheld} withheld because a source that feeds it may be wrong");
        var promised = PreorderRules.Sellable(moment.Sku.Policy, pool.Location);
        sum += promised == 0 ? "" : Words.Of($" + {promised} on their way that may be promised");
        var text = Words.Of($"{name}: {sum} = {AvailableToSell.Of(pool, moment.Sku.Policy)} available to sell");
        text += moment.Context.HasUncappable(pool.Location)
            ? Words.Of($", {Math.Max(0, pool.SetAside)} of them set aside; the rest may be taken by a seller that nobody can cap")
            : "";
        return text + (pool.Opened, moment.Context.Locations.GetValueOrDefault(pool.Location)) switch
        {
            (false, _) => ", but nothing is published from it: no opening count stands behind its on-hand.",
            _ when moment.Stops.Closed.Contains(pool.Location) => ", but every channel has closed the location, so none of it can be sold online.",
            (_, null or { FulfillsOnline: false }) => ", but it does not fulfil online orders, so channels are given none of it.",
            _ => ".",
        };
    }

    private static string BufferWords(Pool pool, SkuPolicy policy)
    {
        var buffer = AvailableToSell.BufferOf(pool, policy);
        return buffer == 0 ? ""
            : pool.Tier is { } tier && buffer > policy.SafetyBuffer ? Words.Of($" − {buffer} buffer ({tier.Reason})")
            : Words.Of($" − {buffer} safety buffer");
    }

    private static string ModeSentence(StockMoment moment)
    {
        var (policy, mode) = (moment.Sku.Policy, moment.Sku.Mode);
        var exposure = Exposures.Of(moment.Tied, moment.Sku.Sku);
        var asked = Words.Of(policy.Mode) == Words.Of(mode) ? "" : $" (asked for: {Words.Of(policy.Mode)})";
        var exposed = exposure.Units == 0
            ? "nothing can be oversold"
            : Words.Of($"{Words.Units(exposure.Units)} could be oversold: {exposure.Cause}");
        var version = moment.Settings is { } settings ? Words.Of($", settings version {settings.Id} of {settings.Since:yyyy-MM-dd HH:mm:ss}") : "";
        return Words.Of(
            $"Mode {Words.Of(mode)}{asked}{version}: the channels together may still sell {exposure.UpperBound} of {exposure.Available} available; {exposed}.");
    }

    private static string BeliefSentence(StockMoment moment, LevelAccount level)
    {
        if (level.Belief is not { } belief)
        {
            return $"{Name(moment, level)} has not been read exactly yet, so nothing is believed of it.";
        }

        var steps = new List<string>();
        Step(steps, belief.Sold, "sold");
        Step(steps, belief.PutBack, "put back");
        if (belief.Pushed != 0)
        {
            steps.Add(Words.Of($"pushes changed it by {belief.Pushed:+0;-0}"));
        }

        var since = belief.WasRead ? Words.Cause(belief.StartCause) : "as far back as is told here";
        var start = Words.Of($"{belief.StartedFrom} since {belief.StartedAt:yyyy-MM-dd HH:mm:ss} ({since})");
        var text = Words.Of($"{Name(moment, level)} is believed to show {belief.Belief}: {start}")
            + (steps.Count == 0 ? ", unchanged since" : ", then " + string.Join(", ", steps));
        var now = level.Rows[0];
        text += now.Observed is { } seen && now.ReadAt is { } at ? Words.Of($"; last seen {seen} at {Words.Time(at, moment.At)}") : "";
        text += now.Unverified > 0 ? Words.Of($"; an acknowledged decrease of {now.Unverified} is not proven yet") : "";
        text += now.Suspense > 0 ? Words.Of($"; {now.Suspense} left it without a known cause") : "";
        return text + (now.Surplus > 0 ? Words.Of($"; {now.Surplus} appeared on it without a known cause.") : ".");
    }

    private static string QuotaSentence(StockMoment moment, LevelAccount level)
    {
        var (name, quota) = (Name(moment, level), level.Quota);
        if (quota is { Reason: QuotaReason.Frozen, Quota: null })
        {
            return $"{name} has no quota: all writes to it are frozen, and it goes on selling what it shows.";
        }

        if (quota.Quota is not { } units || quota.Reason == QuotaReason.NotPublished)
        {
            return $"{name} has no quota: the level or its channel is not live.";
        }

        var by = quota.Policy is { } policy
            ? $", by {policy}" + (quota.Rule is { } named ? $" ({Words.Of(named)})" : "")
            : "";
        var borne = quota.Borne == 0 ? "" : Words.Of($", and {quota.Borne} more because another level of this listing is below zero by as much");
        var frozen = quota.Reason == QuotaReason.Frozen ? $"; {quota.StoppedBy}, so it is not raised." : null;
        if (quota.Mode == EffectiveMode.Shared)
        {
            return Words.Of($"{name} is to show {units}: in shared mode every channel shows all that its rule allows of what its location can sell ({quota.Available}){by}{borne}")
                + (frozen ?? ".");
        }

        var aside = quota.SetAside == 0 ? "" : Words.Of($" less {quota.SetAside} that other levels show and nobody may lower now");
        var weighed = quota.ExactShare is { } exact
            ? Words.Of($" by weight {quota.Weight:0.##} of {quota.Weights:0.##} is {exact:0.###}, by largest remainder {quota.RoundedShare}")
            : Words.Of($" is {quota.RoundedShare}");
        var share = Words.Of($"its share of {quota.Available}{aside}{weighed}{by}{borne}");
        return Words.Of($"{name} is to show {units}: {share}") + BoundedWords(quota) + quota.Reason switch
        {
            QuotaReason.Frozen => frozen,
            QuotaReason.AboveShare => "; what it has above its share stays until another channel runs short of cover.",
            QuotaReason.BelowShare => "; it rises when units are free that no other channel may still sell.",
            _ => ".",
        };
    }

    private static string BoundedWords(QuotaAccount quota) => (quota.Bounded, quota.LagReserve) switch
    {
        ({ } guard, > 0) => Words.Of(
            $", less a lag reserve of {quota.LagReserve} (its own pace × {guard.LagSeconds:0.#} s × {guard.Factor:0.##}): it is in bounded guard, so what it sells within that time beyond the reserve may be oversold"),
        ({ }, _) => ", with no lag reserve now although it is in bounded guard: it has sold none yet, or has so few that it goes through zero",
        (null, > 0) => Words.Of($", less {quota.LagReserve} of bounded guard until a reading shows what its last writes put back"),
        _ => "",
    };

    private static void Step(List<string> steps, long units, string what)
    {
        if (units != 0)
        {
            steps.Add(Words.Of($"{units} {what}"));
        }
    }

    private static string Name(StockMoment moment, LevelAccount level) =>
        $"{moment.Names.Of(level.State.Connection)} at {moment.Names.Of(level.State.Location)}";
}
