using System.Text.Json;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Sessions;
using SyncFlow.Worker.Connections;

namespace SyncFlow.Worker.Runs;

/// <summary>
/// Compares every level of a connection with what is believed of it. One bulk operation finds those that look different
/// or are missing; they are read exactly, which attributes, books and reports what is really wrong. So a catalog of any
/// size costs the shop's budget a handful of small calls, and an exact reading for each level that looks wrong.
/// </summary>
internal sealed class ReconcileRun(LevelComparison comparison, LevelMarks marks, Signals signals, TimeProvider time)
{
    /// <summary>The kind of such runs, as stored.</summary>
    public const string Kind = "reconcile";

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>How long exact readings may take: 20,000 levels on the smallest plan, beside its sales.</summary>
    private static readonly TimeSpan ReadingLimit = TimeSpan.FromHours(1);

    /// <summary>Carries it out; returns what it found.</summary>
    /// <exception cref="RunRefusedException">The connection is not one whose levels are read, or readings took too long.</exception>
    /// <exception cref="ChannelFaultException">The channel did not answer.</exception>
    public async Task<string> RunAsync(ChannelLink link, RunProgress progress, CancellationToken ct)
    {
        if (!link.Connection.Status.IsVerified())
        {
            throw new RunRefusedException("Only a connection that is live or paused is reconciled.");
        }

        var since = DatabaseTime.Now(time);
        var total = await comparison.CountAsync(link.Tenant, link.Id, ct).ConfigureAwait(false);
        await progress.ReportAsync(0, total, "reading all levels", ct).ConfigureAwait(false);
        var (found, differing, unknown) = await CompareAsync(link, total, progress, ct).ConfigureAwait(false);
        var missing = await comparison.MissingAsync(link.Tenant, link.Id, found, ct).ConfigureAwait(false);

        List<LevelId> asked = [.. differing, .. missing];
        await marks.AskAsync(link.Tenant, asked, ct).ConfigureAwait(false);
        signals.Raise(link.Tenant);
        await WaitAsync(link, asked, since, progress, ct).ConfigureAwait(false);

        var drift = await comparison.FoundSinceAsync(link.Tenant, link.Id, since, ct).ConfigureAwait(false);
        return JsonSerializer.Serialize(
            new
            {
                levels = total,
                equal = found.Count - differing.Count,
                differing = differing.Count,
                missing = missing.Count,
                notListed = unknown,
                driftCases = drift.Cases,
                driftUnits = drift.Units,
            });
    }

    private async Task<(List<LevelId> Found, List<LevelId> Differing, int Unknown)> CompareAsync(
        ChannelLink link, int total, RunProgress progress, CancellationToken ct)
    {
        List<LevelId> found = [], differing = [];
        var unknown = 0;
        await foreach (var answer in link.Client.ReadLevelsInBulkAsync(ct).ConfigureAwait(false))
        {
            var page = answer.OrThrow("levels in bulk");
            var compared = await comparison.CompareAsync(
                link.Tenant, link.Id, [.. page.Select(l => new ShownLevel(l.ItemRef, l.ExternalLocation, l.Available))], ct).ConfigureAwait(false);
            found.AddRange(compared.Select(l => l.Level));
            differing.AddRange(compared.Where(l => l.Differs).Select(l => l.Level));
            unknown += page.Length - compared.Count;
            await progress.ReportAsync(Math.Min(found.Count, total), total, "comparing", ct).ConfigureAwait(false);
        }

        return (found, differing, unknown);
    }

    private async Task WaitAsync(
        ChannelLink link, List<LevelId> asked, DateTimeOffset since, RunProgress progress, CancellationToken ct)
    {
        for (var until = since + ReadingLimit; ;)
        {
            var waiting = await comparison.WaitingAsync(link.Tenant, link.Id, asked, since, ct).ConfigureAwait(false);
            await progress.ReportAsync(asked.Count - waiting, asked.Count, "reading exactly what differs", ct).ConfigureAwait(false);
            if (waiting == 0)
            {
                return;
            }

            if (time.GetUtcNow() > until)
            {
                throw new RunRefusedException(
                    $"{asked.Count} levels look different; {waiting} of them were not read exactly within {ReadingLimit.TotalHours:0} h. They will be.");
            }

            await Task.Delay(LookEvery, time, ct).ConfigureAwait(false);
        }
    }
}
