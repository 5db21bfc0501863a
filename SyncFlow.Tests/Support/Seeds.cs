using System.Globalization;

namespace SyncFlow.Tests.Support;

/// <summary>
/// Seeds for randomised tests. <c>SYNCFLOW_SEED=n</c> runs just that one; a failure carries its seed in its message, in
/// the form that replays it. <c>SYNCFLOW_SEEDS=n</c> runs at most so many worlds of each simulation.
/// </summary>
internal static class Seeds
{
    /// <summary>The seeds to run: <paramref name="first"/> and the next ones, or the one that the environment names.</summary>
    public static IEnumerable<int> Take(int count, int first = 1)
    {
        return Number("SYNCFLOW_SEED") is { } only ? [only] : Enumerable.Range(first, count);
    }

    /// <summary>As <see cref="Take"/>, but fewer where the environment asks for it: a simulation may be run shorter.</summary>
    public static IReadOnlyList<int> Worlds(int count) => [.. Take(Math.Min(count, Number("SYNCFLOW_SEEDS") ?? count))];

    /// <summary>Runs a test body once for each seed and names the seed of the first failure.</summary>
    public static void Run(int count, Action<int> body, int first = 1)
    {
        foreach (var seed in Take(count, first))
        {
            try
            {
                body(seed);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                throw Named(seed, failure);
            }
        }
    }

    /// <summary>Runs a test body once for each seed and names the seed of the first failure.</summary>
    public static async Task RunAsync(int count, Func<int, Task> body, int first = 1)
    {
        foreach (var seed in Take(count, first))
        {
            try
            {
                await body(seed);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                throw Named(seed, failure);
            }
        }
    }

    private static int? Number(string variable)
    {
        var text = Environment.GetEnvironmentVariable(variable);
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException($"{variable} must be a whole number, not '{text}'.");
    }

    private static SeedFailedException Named(int seed, Exception failure) => new(seed, failure);
}

/// <summary>A randomised test failed; the message names the seed.</summary>
internal sealed class SeedFailedException(int seed, Exception failure)
    : Exception($"SYNCFLOW_SEED={seed.ToString(CultureInfo.InvariantCulture)} replays this failure: {failure.Message}", failure);
