using System.Text.Json;
using SyncFlow.Core;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Work;

namespace SyncFlow.Worker.Runs;

/// <summary>Looks at rules that reach a whole catalog, sets them and takes them back, with progress, on behalf of whoever asked.</summary>
internal sealed class RuleRuns(RuleDesk rules, ChangeDesk changes, UndoDesk undo)
{
    /// <summary>Carries a run out; returns its result as JSON.</summary>
    /// <exception cref="RunRefusedException">It cannot be done, or not any more.</exception>
    public async Task<string?> RunAsync(ClaimedRun run, RunProgress progress, CancellationToken ct)
    {
        var asked = RuleRun.Read(run.Parameters);
        Acting.As(new Actor(asked.Who, null, asked.Locations));
        Task LookedAtAsync(int done) => progress.ReportAsync(done, null, "looking at SKUs", ct);
        var result = asked.Step switch
        {
            RuleStep.Preview => await PreviewAsync(run.Tenant, asked, LookedAtAsync, ct).ConfigureAwait(false),
            RuleStep.Set => await SetAsync(run.Tenant, asked, LookedAtAsync, ct).ConfigureAwait(false),
            RuleStep.Approve => await ApproveAsync(run.Tenant, asked, LookedAtAsync, ct).ConfigureAwait(false),
            RuleStep.Undo => await UndoAsync(run.Tenant, asked, LookedAtAsync, ct).ConfigureAwait(false),
            _ => throw new RunRefusedException($"There is no step '{asked.Step}'."),
        };
        return JsonSerializer.Serialize(result, JsonSerializerOptions.Web);
    }

    private async Task<RuleRunResult> PreviewAsync(TenantId tenant, RuleRun asked, Func<int, Task> lookedAt, CancellationToken ct)
    {
        var answer = Held(await rules.PreviewAsync(tenant, asked.Rule(), asked.Expected, asked.Who, lookedAt, ct).ConfigureAwait(false));
        return new RuleRunResult("previewed", null, answer.Trip, await rules.TellAsync(tenant, answer.Writes, ct).ConfigureAwait(false), 0);
    }

    private async Task<RuleRunResult> SetAsync(TenantId tenant, RuleRun asked, Func<int, Task> lookedAt, CancellationToken ct)
    {
        var answer = Held(await rules.SetAsync(tenant, asked.Rule(), asked.Expected, asked.Why!, asked.Who, lookedAt, ct).ConfigureAwait(false));
        return new RuleRunResult(
            answer.Outcome == RuleOutcome.Waits ? "waits" : "stands", answer.Change?.Id, answer.Trip,
            await rules.TellAsync(tenant, answer.Writes, ct).ConfigureAwait(false), 0);
    }

    private async Task<RuleRunResult> ApproveAsync(TenantId tenant, RuleRun asked, Func<int, Task> lookedAt, CancellationToken ct) => Done(
        await changes.ApproveAsync(tenant.Value, asked.Change!.Value, asked.Version!.Value, asked.Who, asked.Why, lookedAt, ct).ConfigureAwait(false));

    private async Task<RuleRunResult> UndoAsync(TenantId tenant, RuleRun asked, Func<int, Task> lookedAt, CancellationToken ct)
    {
        var (decision, blocks) = await undo.UndoAsync(
            tenant.Value, asked.Change!.Value, asked.Version!.Value, asked.Who, asked.Why!, lookedAt, ct).ConfigureAwait(false);
        return blocks.Count == 0
            ? Done(decision)
            : throw new RunRefusedException($"It cannot be taken back safely: {blocks[0].Reason}.");
    }

    private static RuleAnswer Held(RuleAnswer answer) => answer.Outcome switch
    {
        RuleOutcome.Stale => throw new RunRefusedException("Somebody changed it meanwhile: read it again."),
        RuleOutcome.Refused => throw new RunRefusedException(
            answer.Conflict ?? string.Join(" ", answer.Faults.Select(fault => $"{fault.Field}: {fault.Message}"))),
        _ => answer,
    };

    private static RuleRunResult Done(Decision decision) => decision.Outcome switch
    {
        DecisionOutcome.Done => new RuleRunResult("done", decision.Change!.Id, null, null, decision.Moved.Count),
        DecisionOutcome.NotAsShown => throw new RunRefusedException("It does not do what was shown any more: look at it again."),
        DecisionOutcome.Refused => throw new RunRefusedException(decision.Against!),
        DecisionOutcome.NoSuchChange => throw new RunRefusedException("There is no such change."),
        _ => throw new RunRefusedException("Somebody decided on it meanwhile: look at it again."),
    };
}
