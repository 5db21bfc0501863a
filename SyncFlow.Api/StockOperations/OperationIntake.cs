using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.StockOperations;

/// <summary>What became of one item of a call.</summary>
internal enum ItemOutcome
{
    /// <summary>Taken in by this call.</summary>
    Accepted,

    /// <summary>The same was taken in before: nothing was done again.</summary>
    Known,

    /// <summary>Not taken in; its errors say why.</summary>
    Refused,
}

/// <summary>What became of one item of a call.</summary>
/// <param name="Index">Its place in the call, from 0.</param>
/// <param name="State">Where it stands; null where it was refused.</param>
/// <param name="Refusal">Why it could not be booked after it was taken in.</param>
/// <param name="Errors">Messages by field.</param>
internal sealed record ItemAnswer(
    int Index, string? Key, ItemOutcome Outcome, long? OperationId, OperationState? State, string? Refusal,
    IReadOnlyDictionary<string, string[]>? Errors);

/// <summary>The answer to a call with many items.</summary>
/// <param name="ChangeId">
/// The bulk change that waits for a decision: its items are booked, and what they raise is held. Null where nothing waits.
/// </param>
internal sealed record BatchAnswer(int Accepted, int Known, int Refused, long? ChangeId, IReadOnlyList<ItemAnswer> Items)
{
    /// <summary>Most refused items that a problem names.</summary>
    private const int MostNamed = 100;

    public static BatchAnswer Of(IReadOnlyList<ItemAnswer> items, long? change) => new(
        items.Count(i => i.Outcome == ItemOutcome.Accepted), items.Count(i => i.Outcome == ItemOutcome.Known),
        items.Count(i => i.Outcome == ItemOutcome.Refused), change, items);

    /// <summary>The problem of a call of which nothing was taken in; null where something was.</summary>
    public Problem? Problem()
    {
        if (Items.Any(i => i.Outcome != ItemOutcome.Refused))
        {
            return null;
        }

        var fields = Items.Take(MostNamed).SelectMany(i => i.Errors!.Select(e => (Field: $"items[{i.Index}].{e.Key}", e.Value)))
            .ToDictionary(e => e.Field, e => e.Value);
        var first = fields.First();
        var kind = Items.All(i => i.OperationId is not null) ? ProblemKind.AlreadyExists : ProblemKind.Validation;
        return new Problem(kind, $"{first.Key}: {first.Value[0]}") { Fields = fields };
    }
}

/// <summary>An item after its checks.</summary>
/// <param name="Operation">Null where a check failed.</param>
internal sealed record CheckedItem(string? Key, PreparedOperation? Operation, Check Check);

/// <summary>What a caller may send many of: in JSON, or in the rows of a file.</summary>
internal interface IItem
{
    string? Key { get; }

    string? Sku { get; }

    string? Location { get; }

    /// <summary>What is to be taken in; null where a field is refused, and <paramref name="check"/> has the reasons.</summary>
    PreparedOperation? Prepare(CodeBook codes, DateTimeOffset now, Check check);
}

/// <summary>Takes the items of a call in: those that hold, each once, whatever its neighbours are.</summary>
internal sealed class OperationIntake(Caller caller, OperationDesk desk, WakeUps wakeUps, TimeProvider time)
{
    /// <summary>Most items in one call, and in one transaction.</summary>
    public const int MostItems = 1_000;

    private static readonly TimeSpan OutcomeLimit = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>Answers a call with many items: 202 where what they raise waits for a decision.</summary>
    public async Task<Results<Ok<BatchAnswer>, Accepted<BatchAnswer>, Refused>> AnswerAsync<T>(IReadOnlyList<T?>? items, bool? wait, CancellationToken ct)
        where T : class, IItem
    {
        var check = new Check()
            .That(items is { Count: > 0 }, "items", "At least one item.")
            .That(items is null || items.Count <= MostItems, "items", $"At most {MostItems} items.")
            .That(items is null || !items.Contains(null), "items", "An item is null.");
        if (check.Failed(out var refused))
        {
            return refused;
        }

        var answer = await TakeInAsync(await CheckAsync(items!, ct).ConfigureAwait(false), wait == true, ct).ConfigureAwait(false);
        return answer.Problem() is { } problem ? (Refused)problem
            : answer.ChangeId is { } change ? TypedResults.Accepted($"/api/v1/changes/{change}", answer)
            : TypedResults.Ok(answer);
    }

    /// <summary>Checks items; takes nothing in.</summary>
    public Task<List<CheckedItem>> CheckAsync<T>(IReadOnlyList<T?> items, CancellationToken ct)
        where T : class, IItem => CheckAsync([.. items.Select(item => ((IItem)item!, new Check()))], ct);

    /// <summary>Checks items of which some may be known to be wrong already; takes nothing in.</summary>
    public async Task<List<CheckedItem>> CheckAsync(IReadOnlyList<(IItem Item, Check Check)> items, CancellationToken ct)
    {
        var codes = await desk.CodesAsync(
            caller.Tenant, items.Select(i => i.Item.Sku).OfType<string>(), items.Select(i => i.Item.Location).OfType<string>(), ct).ConfigureAwait(false);
        var now = time.GetUtcNow();
        foreach (var (item, check) in items)
        {
            check.That(!codes.IsKit(item.Sku), "sku", "A kit holds nothing of its own; name its parts.")
                .That(
                    caller.Locations is not { } own || codes.Location(item.Location) is not { } at || own.Contains(at), "location",
                    "You may not work at this location.");
        }

        return [.. items.Select(i => new CheckedItem(i.Item.Key, i.Item.Prepare(codes, now, i.Check), i.Check))];
    }

    /// <summary>Takes items in; with <paramref name="wait"/> the ledger is waited for, two seconds at most.</summary>
    /// <param name="judged">What <see cref="HoldAsync"/> found of the whole that they are part of; null where they are the whole.</param>
    public async Task<BatchAnswer> TakeInAsync(IReadOnlyList<CheckedItem> items, bool wait, CancellationToken ct, JudgedFacts? judged = null)
    {
        var answers = new ItemAnswer[items.Count];
        var good = Sound(items, answers);
        var taken = good.Count == 0 ? [] : await desk.TakeInAsync(caller.Tenant, caller.Name, good.ConvertAll(g => g.Operation), judged, ct).ConfigureAwait(false);
        for (var i = 0; i < good.Count; i++)
        {
            answers[good[i].Index] = Answer(good[i].Index, items[good[i].Index], taken[i]);
        }

        if (taken.Exists(t => t.IsNew))
        {
            _ = wakeUps.PublishAsync(WakeUpKind.Inbox, caller.Tenant);
        }

        if (wait)
        {
            await WaitAsync(items, answers, ct).ConfigureAwait(false);
        }

        return BatchAnswer.Of(answers, taken.Max(t => t.ChangeId));
    }

    /// <summary>
    /// Looks at items that are to be taken in by and by as the one cause that they are, and holds what they raise where that is
    /// too much.
    /// </summary>
    /// <param name="lookOnly">Whether nothing is to be held yet.</param>
    public Task<JudgedFacts> HoldAsync(IReadOnlyList<OperationDraft> drafts, bool lookOnly, CancellationToken ct) =>
        desk.HoldAsync(caller.Tenant, caller.Name, drafts, lookOnly, ct);

    /// <summary>Those whose checks hold and whose key stands once; the others get their answers.</summary>
    private static List<(int Index, PreparedOperation Operation)> Sound(IReadOnlyList<CheckedItem> items, ItemAnswer[] answers)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var good = new List<(int, PreparedOperation)>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            var (key, operation, check) = items[i];
            if (operation is not null && !keys.Add(operation.Draft.Key))
            {
                check.That(false, "key", "This key stands twice in the call.");
            }

            if (operation is not null && check.Holds)
            {
                good.Add((i, operation));
            }
            else
            {
                answers[i] = new ItemAnswer(i, key, ItemOutcome.Refused, null, null, null, check.Fields);
            }
        }

        return good;
    }

    private static ItemAnswer Answer(int index, CheckedItem item, TakenIn taken) => taken.Conflicts
        ? new ItemAnswer(index, item.Key, ItemOutcome.Refused, taken.OperationId, null, null, new Dictionary<string, string[]>
        {
            ["key"] = ["This key was used for another operation."],
        })
        : new ItemAnswer(
            index, item.Key, taken.IsNew ? ItemOutcome.Accepted : ItemOutcome.Known, taken.OperationId, OperationState.Accepted, null, null);

    private async Task WaitAsync(IReadOnlyList<CheckedItem> items, ItemAnswer[] answers, CancellationToken ct)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            var open = answers.Where(a => a.State == OperationState.Accepted).ToList();
            if (open.Count == 0)
            {
                return;
            }

            var states = await desk.StatesAsync(caller.Tenant, open.ConvertAll(a => items[a.Index].Operation!.Draft.Key), ct).ConfigureAwait(false);
            foreach (var answer in open)
            {
                var seen = states[items[answer.Index].Operation!.Draft.Key];
                answers[answer.Index] = answer with { State = seen.State, Refusal = seen.Refusal };
            }

            if (time.GetElapsedTime(start) >= OutcomeLimit)
            {
                return;
            }

            await Task.Delay(LookEvery, time, ct).ConfigureAwait(false);
        }
    }
}
