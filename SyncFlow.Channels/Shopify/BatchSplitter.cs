using System.Collections.Immutable;
using SyncFlow.Core.Publishing;

namespace SyncFlow.Channels.Shopify;

/// <summary>
/// What to send after a set was refused. Shopify refuses a call whole; where it names the elements at fault, the others
/// go again without them; where it does not, halves are sent until the one at fault stands alone.
/// </summary>
public static class BatchSplitter
{
    /// <summary>Starts the code of answers to a call that was refused without naming an element.</summary>
    public const string UnindexedPrefix = "UNINDEXED:";

    /// <summary>Most calls until one bad element of a full push stands alone: 1 + log2(250), rounded up.</summary>
    public const int MostRounds = 9;

    /// <summary>Whether the shop refused the call without saying which element.</summary>
    public static bool IsUnindexed(ElementAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return answer.Outcome == ElementOutcome.NotSent
            && answer.Code?.StartsWith(UnindexedPrefix, StringComparison.Ordinal) == true;
    }

    /// <summary>The calls to make next, each with a new key; none when nothing is left to send.</summary>
    /// <param name="elements">The elements that were sent.</param>
    /// <param name="answers">Their answers, in the same order.</param>
    public static ImmutableArray<ImmutableArray<PushElement>> Next(
        IReadOnlyList<PushElement> elements, IReadOnlyList<ElementAnswer> answers)
    {
        ArgumentNullException.ThrowIfNull(elements);
        ArgumentNullException.ThrowIfNull(answers);
        if (elements.Count != answers.Count)
        {
            throw new ArgumentException($"{elements.Count} elements have {answers.Count} answers", nameof(answers));
        }

        var left = elements.Where((_, i) => answers[i].Outcome == ElementOutcome.NotSent).ToImmutableArray();
        if (left.IsEmpty)
        {
            return [];
        }

        var half = left.Length / 2;
        return answers.Any(IsUnindexed) && half > 0 ? [left[..half], left[half..]] : [left];
    }
}
