using System.Collections.Immutable;
using SyncFlow.Core.Facts;

namespace SyncFlow.Channels;

/// <summary>What an event means: facts, or why there are none. At most one of the two reasons is set, and then no facts are.</summary>
public sealed record NormaliseResult
{
    public ImmutableArray<Fact> Facts { get; init; } = [];

    /// <summary>Why there is nothing to do; null when there is.</summary>
    public string? IgnoredReason { get; init; }

    /// <summary>What is wrong with the body, naming the field; null when nothing is. Holds no values of the body.</summary>
    public string? MalformedReason { get; init; }

    internal static NormaliseResult Of(params ReadOnlySpan<Fact> facts) => new() { Facts = [.. facts] };

    internal static NormaliseResult Ignored(string reason) => new() { IgnoredReason = reason };

    internal static NormaliseResult Malformed(string reason) => new() { MalformedReason = reason };
}
