using System.Text.RegularExpressions;

namespace SyncFlow.Tests.Architecture;

/// <summary>
/// What is kept in Redis answers questions and decides nothing: whoever computes targets, pushes or reservations cannot
/// read it, because none of them may name what reads it.
/// </summary>
internal static partial class CacheRules
{
    private static readonly string[] MayUseRedisValues = ["SyncFlow.ServiceDefaults/", "SyncFlow.Api/Availability/", "SyncFlow.Tests/", "SyncFlow.Benchmarks/"];

    private static readonly string[] MayAskForAvailability =
        ["SyncFlow.Storage/Availability/", "SyncFlow.Api/Availability/", "SyncFlow.Api/Stock/StockEndpoints.cs", "SyncFlow.Api/ApiHost.cs", "SyncFlow.Tests/", "SyncFlow.Benchmarks/"];

    /// <summary>What a source file uses that it must not.</summary>
    public static IEnumerable<string> In(SourceFile file)
    {
        if (RedisRead().IsMatch(file.Text) && !MayUseRedisValues.Any(folder => file.Path.StartsWith(folder, StringComparison.Ordinal)))
        {
            yield return $"{file.Path} reads values from Redis: only answers to readers may come from there.";
        }

        if (Availability().IsMatch(file.Text) && !MayAskForAvailability.Any(folder => file.Path.StartsWith(folder, StringComparison.Ordinal)))
        {
            yield return $"{file.Path} asks for figures that may have been kept: compute what decides from the database, under locks.";
        }
    }

    [GeneratedRegex(@"\b(RedisValues|IDatabase|GetDatabase|StringGet(Async)?)\b(?!"")")]
    private static partial Regex RedisRead();

    [GeneratedRegex(@"\b(AvailabilityReader|AvailabilityStore|KeptAvailability)\b")]
    private static partial Regex Availability();
}
