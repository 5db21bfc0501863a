using System.Text.Json;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Schema;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Work;
using SyncFlow.Worker.Billing;
using SyncFlow.Worker.Connections;
using SyncFlow.Worker.Upkeep;
using SyncFlow.Worker.Work;

namespace SyncFlow.Worker.Runs;

/// <summary>What each kind of run does. All of them may be done again.</summary>
internal sealed class RunSteps(
    ChannelLinks links, WorkItemCalls calls, BaselineRun baseline, GoLiveRun goLive, ResumeRun resume, DisconnectRun disconnect,
    ReconcileRun reconcile, ReplayRun replay, RuleRuns rules, Replanning replanning, BillingRuns billing, LevelMarks marks, Npgsql.NpgsqlDataSource source, WorkerOptions options, Signals signals,
    TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan VerifyLimit = TimeSpan.FromMinutes(10);

    /// <summary>Carries a run out; returns its result as JSON, or null.</summary>
    /// <exception cref="RunRefusedException">It cannot be done.</exception>
    /// <exception cref="ChannelFaultException">The channel did not answer.</exception>
    public async Task<string?> RunAsync(ClaimedRun run, RunProgress progress, CancellationToken ct)
    {
        using var parameters = JsonDocument.Parse(run.Parameters);

        // A run goes through whole catalogs, which may have come in since the database last looked at them.
        await Statistics.RefreshAsync(source, ct).ConfigureAwait(false);
        switch (run.Kind)
        {
            case "import":
                return await ImportAsync(await LinkAsync(run, ct).ConfigureAwait(false), progress, ct).ConfigureAwait(false);
            case "baseline":
                var opening = Flag(parameters.RootElement, "openingStock");
                return await baseline.RunAsync(await LinkAsync(run, ct).ConfigureAwait(false), opening, progress, ct).ConfigureAwait(false);
            case "go-live":
                return await goLive.RunAsync(
                    await LinkAsync(run, ct).ConfigureAwait(false), Flag(parameters.RootElement, "dryRun"), progress, ct).ConfigureAwait(false);
            case "test":
                return await TestAsync(run, ct).ConfigureAwait(false);
            case "resume":
                return await resume.RunAsync(run, progress, ct).ConfigureAwait(false);
            case "disconnect":
                return await disconnect.RunAsync(run, progress, ct).ConfigureAwait(false);
            case "verify":
                return await VerifyAsync(await LinkAsync(run, ct).ConfigureAwait(false), progress, ct).ConfigureAwait(false);
            case ReconcileRun.Kind:
                return await reconcile.RunAsync(await LinkAsync(run, ct).ConfigureAwait(false), progress, ct).ConfigureAwait(false);
            case "push" or "replan":
                return await ReplanAsync(run, Filter(run, parameters.RootElement), progress, ct).ConfigureAwait(false);
            case "replay":
                return await replay.RunAsync(run, parameters.RootElement, progress, ct).ConfigureAwait(false);
            case RuleRun.RunKind:
                return await rules.RunAsync(run, progress, ct).ConfigureAwait(false);
            case "billing-subscribe":
                return await billing.SubscribeAsync(run, parameters.RootElement, ct).ConfigureAwait(false);
            case "billing-cancel":
                return await billing.CancelAsync(run, ct).ConfigureAwait(false);
            case "billing-refresh":
                return await billing.RefreshAsync(run, ct).ConfigureAwait(false);
            default:
                throw new RunRefusedException($"There is no run of kind '{run.Kind}'.");
        }
    }

    private async Task<ChannelLink> LinkAsync(ClaimedRun run, CancellationToken ct)
    {
        var connection = run.Connection ?? throw new RunRefusedException($"A run of kind '{run.Kind}' needs a connection.");
        return await links.OpenAsync(run.Tenant, connection, ct).ConfigureAwait(false)
            ?? throw new RunRefusedException("The connection may not be called: it is suspended, uninstalled or closed, or has no access token.");
    }

    /// <summary>Asks the shop about itself: whether it takes the access token, and what it is.</summary>
    private async Task<string?> TestAsync(ClaimedRun run, CancellationToken ct)
    {
        var connection = run.Connection ?? throw new RunRefusedException("A test needs a connection.");
        var link = await links.OpenInAnyStatusAsync(run.Tenant, connection, ct).ConfigureAwait(false)
            ?? throw new RunRefusedException("The connection has no access token.");
        var shop = (await link.Client.ReadShopAsync(ct).ConfigureAwait(false)).OrThrow("shop");
        return JsonSerializer.Serialize(shop, JsonSerializerOptions.Web);
    }

    private async Task<string?> ImportAsync(ChannelLink link, RunProgress progress, CancellationToken ct)
    {
        await progress.ReportAsync(0, null, "webhooks", ct).ConfigureAwait(false);
        await WebhookCare.EnsureAsync(link, options, ct).ConfigureAwait(false);
        await progress.ReportAsync(0, null, "locations", ct).ConfigureAwait(false);
        await calls.RefreshLocationsAsync(link, ct).ConfigureAwait(false);
        var done = await calls.RefreshCatalogAsync(link, n => progress.ReportAsync(n, null, "catalog", ct), ct).ConfigureAwait(false);
        await progress.ReportAsync(done, done, "imported", ct).ConfigureAwait(false);
        return JsonSerializer.Serialize(new { variants = done });
    }

    /// <summary>Asks the verifier, whichever worker runs it, for a reading of every level, and waits for them.</summary>
    private async Task<string?> VerifyAsync(ChannelLink link, RunProgress progress, CancellationToken ct)
    {
        if (!link.Connection.Status.IsVerified())
        {
            throw new RunRefusedException("Only a connection that is live or paused is verified.");
        }

        var since = DatabaseTime.Now(time);
        var total = await marks.AskAllAsync(link.Tenant, link.Id, ct).ConfigureAwait(false);
        signals.Raise(link.Tenant);
        for (var seen = 0; seen < total;)
        {
            if (time.GetUtcNow() > since + VerifyLimit)
            {
                throw new RunRefusedException($"Only {seen} of {total} levels were read within {VerifyLimit.TotalMinutes} minutes.");
            }

            await Task.Delay(LookEvery, time, ct).ConfigureAwait(false);
            seen = await marks.SeenSinceAsync(link.Tenant, link.Id, since, ct).ConfigureAwait(false);
            await progress.ReportAsync(Math.Min(seen, total), total, "verifying", ct).ConfigureAwait(false);
        }

        return JsonSerializer.Serialize(new { levels = total });
    }

    private async Task<string?> ReplanAsync(ClaimedRun run, SkuFilter filter, RunProgress progress, CancellationToken ct)
    {
        int total;
        await using (var session = await StorageSession.OpenAsync(source, run.Tenant, ct).ConfigureAwait(false))
        {
            total = await SkuPages.CountAsync(session, filter, ct).ConfigureAwait(false);
        }

        var done = await replanning.RunAsync(
            run.Tenant, filter, run.Kind, n => progress.ReportAsync(n, Math.Max(n, total), "planning", ct), ct).ConfigureAwait(false);
        return JsonSerializer.Serialize(new { skus = done });
    }

    private static SkuFilter Filter(ClaimedRun run, JsonElement parameters) => new(
        run.Connection,
        Number(parameters, "skuId") is { } sku ? new SkuId(sku) : null,
        Number(parameters, "locationId") is { } location ? new LocationId(location) : null,
        Group: Number(parameters, "groupId"));

    private static bool Flag(JsonElement parameters, string name) =>
        parameters.ValueKind == JsonValueKind.Object && parameters.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static long? Number(JsonElement parameters, string name) =>
        parameters.ValueKind == JsonValueKind.Object && parameters.TryGetProperty(name, out var value)
        && value.TryGetInt64(out var number)
            ? number
            : null;
}
