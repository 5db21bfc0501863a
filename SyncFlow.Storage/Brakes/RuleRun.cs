using System.Text.Json;
using SyncFlow.Core.Brakes;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Brakes;

/// <summary>What a run on rules does.</summary>
public enum RuleStep
{
    /// <summary>Tells what a change of a rule would write.</summary>
    Preview,

    /// <summary>Sets a rule, or leaves it waiting where the breaker holds it.</summary>
    Set,

    /// <summary>Does a change that waits.</summary>
    Approve,

    /// <summary>Takes a change back.</summary>
    Undo,
}

/// <summary>Work on a rule that reaches so many SKUs that nobody waits for it: a run is asked for it and does it.</summary>
/// <param name="Who">Whose wish it is.</param>
/// <param name="Locations">The locations he is held to; null for all.</param>
public sealed record RuleRun(RuleStep Step, string Who, IReadOnlyList<long>? Locations)
{
    /// <summary>The kind of these runs.</summary>
    public const string RunKind = "rules";

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    /// <summary>What is wanted, of <see cref="RuleStep.Preview"/> and <see cref="RuleStep.Set"/>.</summary>
    public ChangeKind? Kind { get; init; }

    /// <summary>The same, whole.</summary>
    public JsonElement? Wanted { get; init; }

    /// <summary>The version of the rule that the caller read; null where any will do.</summary>
    public int? Expected { get; init; }

    /// <summary>For whoever finds it later.</summary>
    public string? Why { get; init; }

    /// <summary>The change that is decided on.</summary>
    public long? Change { get; init; }

    /// <summary>The change as it was seen.</summary>
    public int? Version { get; init; }

    /// <summary>A wish for a rule.</summary>
    public static RuleRun Of(RuleStep step, RuleChange change, int? expected, string why, string who) => new(step, who, Acting.Current?.Locations)
    {
        Kind = change.Kind,
        Wanted = ChangeForms.Rule(change),
        Expected = expected,
        Why = why,
    };

    /// <summary>A decision on a change.</summary>
    public static RuleRun Of(RuleStep step, long change, int version, string? why, string who) => new(step, who, Acting.Current?.Locations)
    {
        Change = change,
        Version = version,
        Why = why,
    };

    /// <summary>Reads the parameters of a run.</summary>
    /// <exception cref="JsonException">They are of another kind of run.</exception>
    public static RuleRun Read(string parameters) =>
        JsonSerializer.Deserialize<RuleRun>(parameters, Options) ?? throw new JsonException("A run has no parameters.");

    /// <summary>The parameters of the run.</summary>
    public JsonElement Write() => JsonSerializer.SerializeToElement(this, Options);

    /// <summary>The change of a rule that is wanted.</summary>
    public RuleChange Rule() => (RuleChange)ChangeForms.Read(Kind!.Value, Wanted!.Value.GetRawText());
}

/// <summary>What a run on rules found or did.</summary>
/// <param name="Outcome"><c>previewed</c>, <c>stands</c>, <c>waits</c> or <c>done</c>.</param>
/// <param name="ChangeId">The change; null where nothing was changed.</param>
/// <param name="Trip">Why the breaker holds it, or would; null where it does not.</param>
/// <param name="Writes">What follows; null of a decision.</param>
/// <param name="Moved">Levels that go to other units than were shown.</param>
public sealed record RuleRunResult(string Outcome, long? ChangeId, string? Trip, PolicyWrites? Writes, int Moved);
