using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SyncFlow.Api.Brakes;
using SyncFlow.Api.Http;
using SyncFlow.Api.Operations;
using SyncFlow.Api.Security;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Api.Allocation;

/// <summary>What follows from a change of a rule.</summary>
/// <param name="Writes">What is written, or with a preview would be.</param>
/// <param name="ChangeId">The change that can be taken back; null where nothing was changed.</param>
/// <param name="Trip">With a preview: why the breaker would hold it; null where it would not.</param>
internal sealed record RuleEffect(PolicyWrites Writes, long? ChangeId, string? Trip);

/// <summary>What became of a wish for a rule: one of these.</summary>
/// <param name="Waiting">The change, where the breaker holds it.</param>
/// <param name="Run">The run that does it, where it reaches very many SKUs.</param>
internal sealed record RuleResult(RuleEffect? Effect, Accepted<ChangeView>? Waiting, Accepted<RunAccepted>? Run, Refused? Refused);

/// <summary>Changes a rule, or only tells what that would do; the same for policies, buffers, kits and groups.</summary>
internal sealed class RuleWork(Caller caller, RuleDesk desk, Runs runs, NpgsqlDataSource source, WakeUps wakeUps, IHttpContextAccessor http)
{
    /// <summary>The tag of a version of a rule.</summary>
    public static string ETagOf(int version) => string.Create(CultureInfo.InvariantCulture, $"\"v{version}\"");

    /// <summary>Shows the caller which version of the rule the answer speaks of.</summary>
    public void Tag(int version) => http.HttpContext!.Response.Headers.ETag = ETagOf(version);

    /// <param name="what">What is changed, for whoever finds the change later.</param>
    public Task<RuleResult> RunAsync(RuleChange change, string what, bool previewOnly, CancellationToken ct) =>
        RunAsync(change, what, Expected(), previewOnly, ct);

    /// <param name="what">What is changed, for whoever finds the change later.</param>
    /// <param name="expected">The version of the rule that the caller read; null where any will do, or the caller was asked otherwise.</param>
    public Task<RuleResult> RunAsync(RuleChange change, string what, int? expected, bool previewOnly, CancellationToken ct) =>
        RunAsync(change, details: null, what, expected, previewOnly, ct);

    /// <param name="details">What is set beside a change of a location, with it or not at all.</param>
    /// <inheritdoc cref="RunAsync(RuleChange, string, int?, bool, CancellationToken)"/>
    public async Task<RuleResult> RunAsync(
        RuleChange change, LocationDetails? details, string what, int? expected, bool previewOnly, CancellationToken ct)
    {
        var tenant = new TenantId(caller.Tenant);
        var (answer, reach) = await desk.BeginAsync(tenant, change, expected, previewOnly, ct).ConfigureAwait(false);
        var beside = previewOnly || details is not { IsEmpty: false } ? null : details;
        if (answer is null && reach > RuleDesk.MostAtOnce)
        {
            return await BeginAsync(change, beside, what, expected, previewOnly, ct).ConfigureAwait(false);
        }

        if (beside is not null && answer?.Outcome is RuleOutcome.Stands or RuleOutcome.Waits)
        {
            answer = null; // Nothing is to be done about the rule, but about what stands beside it.
        }

        answer ??= previewOnly
            ? await desk.PreviewAsync(tenant, change, expected, caller.Name, progress: null, ct).ConfigureAwait(false)
            : await desk.SetAsync(tenant, change, beside, expected, what, caller.Name, progress: null, ct).ConfigureAwait(false);
        if (RefusalOf(answer) is { } refused)
        {
            return new RuleResult(null, null, null, refused);
        }

        if (answer is { Outcome: RuleOutcome.Waits, Change: { } waiting })
        {
            http.HttpContext!.Response.Headers.ETag = ChangeTag.Of(waiting);
            return new RuleResult(null, TypedResults.Accepted($"/api/v1/changes/{waiting.Id}", waiting), null, null);
        }

        if (!previewOnly)
        {
            _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
        }

        var writes = await desk.TellAsync(tenant, answer.Writes, ct).ConfigureAwait(false);
        return new RuleResult(new RuleEffect(writes, answer.Change?.Id, answer.Trip), null, null, null);
    }

    /// <summary>Asks for the run that does it; what is set beside it is set with the asking.</summary>
    private async Task<RuleResult> BeginAsync(
        RuleChange change, LocationDetails? beside, string what, int? expected, bool previewOnly, CancellationToken ct)
    {
        var step = previewOnly ? RuleStep.Preview : RuleStep.Set;
        if (beside is null || change is not LocationChange place)
        {
            var wish = RuleRun.Of(step, change, expected, what, caller.Name);
            return Begun(await runs.QueueAsync(null, RuleRun.RunKind, wish.Write(), ct).ConfigureAwait(false));
        }

        await using var session = await StorageSession.OpenAsync(source, new TenantId(caller.Tenant), ct).ConfigureAwait(false);
        if (await LocationDesk.UpdateAsync(session, place.Location.Value, beside, expected, ct).ConfigureAwait(false) is not { } now)
        {
            return new RuleResult(null, null, null, Changed());
        }

        // What the caller read is by now what he made of it.
        var run = RuleRun.Of(step, change, expected is null ? null : now.Version, what, caller.Name);
        return Begun(await runs.QueueWithAsync(session, RuleRun.RunKind, run.Write(), ct).ConfigureAwait(false));
    }

    private static RuleResult Begun(Results<Accepted<RunAccepted>, Refused> begun) =>
        new(null, null, begun.Result as Accepted<RunAccepted>, begun.Result as Refused);

    /// <summary>The version that the caller read; null where any will do, -1 where it names none of ours.</summary>
    public int? Expected()
    {
        var wanted = http.HttpContext!.Request.Headers.IfMatch.ToString();
        return wanted.Length == 0 || wanted == "*" ? null
            : wanted.StartsWith("\"v", StringComparison.Ordinal)
              && int.TryParse(wanted.AsSpan(2).TrimEnd('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version
            : -1;
    }

    private static Refused? RefusalOf(RuleAnswer answer)
    {
        if (answer.Outcome == RuleOutcome.Stale)
        {
            return Changed();
        }

        var check = new Check();
        foreach (var fault in answer.Faults)
        {
            check.That(false, fault.Field, fault.Message);
        }

        return check.Failed(out var refused) ? refused
            : answer.Outcome == RuleOutcome.Refused ? (Refused)new Problem(ProblemKind.StateConflict, answer.Conflict!)
            : null;
    }

    private static Refused Changed() => new Problem(ProblemKind.PreconditionFailed, "Somebody changed it meanwhile: read it again.");
}
