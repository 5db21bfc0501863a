using System.Text.Json;
using Npgsql;
using SyncFlow.Channels.Shopify;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Sessions;
using SyncFlow.Worker.Connections;
using SyncFlow.Worker.Upkeep;

namespace SyncFlow.Worker.Runs;

/// <summary>Begins to publish: webhooks, the proof whether the shop keeps keys, levels into service, first targets.</summary>
internal sealed class GoLiveRun(
    ChannelStore channels, LevelMarks marks, GoLivePreview preview, Replanning replanning, NpgsqlDataSource source, WorkerOptions options, TimeProvider time)
{
    /// <param name="dryRun">Whether to tell the writes instead of doing them.</param>
    public async Task<string?> RunAsync(ChannelLink link, bool dryRun, RunProgress progress, CancellationToken ct)
    {
        if (link.Connection.Status == ConnectionStatus.Connected)
        {
            throw new RunRefusedException("Take a baseline first: nothing is known of what the shop shows.");
        }

        if (link.Connection.Status is not (ConnectionStatus.Baselined or ConnectionStatus.Live))
        {
            throw new RunRefusedException("The connection was live before: resume it, which reads its levels first.");
        }

        if (dryRun)
        {
            return await preview.RunAsync(link, progress, ct).ConfigureAwait(false);
        }

        await progress.ReportAsync(0, null, "webhooks", ct).ConfigureAwait(false);
        await WebhookCare.EnsureAsync(link, options, ct).ConfigureAwait(false);
        var proof = await ProbeAsync(link, ct).ConfigureAwait(false);
        int taken;
        await using (var session = await StorageSession.OpenAsync(source, link.Tenant, ct).ConfigureAwait(false))
        {
            await channels.ChangeStatusAsync(
                session, link.Id, [ConnectionStatus.Baselined], ConnectionStatus.Live, null, ct).ConfigureAwait(false);
            taken = await ChannelStore.TakeLevelsLiveAsync(session, link.Id, ct).ConfigureAwait(false);
            await session.CommitAsync(ct).ConfigureAwait(false);
        }

        var skus = await replanning.RunAsync(
            link.Tenant, new SkuFilter(link.Id), "go-live", n => progress.ReportAsync(n, null, "planning", ct), ct).ConfigureAwait(false);
        await progress.ReportAsync(skus, skus, "live", ct).ConfigureAwait(false);
        return JsonSerializer.Serialize(new { levels = taken, skus, idempotency = proof?.ToString() });
    }

    /// <summary>Sets one level to what it shows, twice under one key. A level that moves meanwhile teaches nothing; another is tried.</summary>
    private async Task<IdempotencyProof?> ProbeAsync(ChannelLink link, CancellationToken ct)
    {
        const int tries = 3;
        IdempotencyProof? proof = null;
        var levels = await marks.ListAsync(link.Tenant, link.Id, MarkWish.Baseline, [], 0, tries, ct).ConfigureAwait(false);
        foreach (var level in levels.Select(m => new LevelRef(m.ItemRef, m.ExternalLocation)))
        {
            var shown = (await link.Client.ReadLevelsAsync([level], ct).ConfigureAwait(false)).OrThrow("levels")[0].Values;
            if (shown is not { Available: >= 0 })
            {
                continue;
            }

            var found = await link.Client.ProbeIdempotencyAsync(
                Guid.CreateVersion7(time.GetUtcNow()), level, shown.Available, ct).ConfigureAwait(false);
            WorkerMeter.Call("probe", found.Fault?.Kind.ToString() ?? "ok");
            proof = found.Succeeded ? found.Value : IdempotencyProof.Inconclusive;
            if (proof != IdempotencyProof.Inconclusive)
            {
                break;
            }
        }

        if (proof is IdempotencyProof.Proven or IdempotencyProof.NotHonoured)
        {
            await channels.SetDeduplicatesAsync(link.Tenant, link.Id, proof == IdempotencyProof.Proven, ct).ConfigureAwait(false);
        }

        return proof;
    }
}
