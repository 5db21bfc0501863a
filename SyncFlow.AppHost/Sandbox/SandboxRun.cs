using SyncFlow.AppHost.Local;

namespace SyncFlow.AppHost.Sandbox;

/// <summary>
/// One run of the sandbox: set the stores up, let buyers loose, show what happens; when the time is over, stop the
/// buyers, wait until everything is settled, and say how it went.
/// </summary>
internal sealed class SandboxRun(
    ApiClient api,
    WorldClient world,
    LocalOptions options,
    TimeProvider time,
    TextWriter output,
    Func<IReadOnlyList<ServiceRestarts>> restarts,
    SandboxSources? sources = null)
{
    /// <summary>How long a request of the clean-up may take once the run itself was cancelled.</summary>
    private static readonly TimeSpan FarewellLimit = TimeSpan.FromSeconds(5);

    private long start;

    /// <summary>When the buyers came: what was published before is no answer to an order.</summary>
    private DateTimeOffset firstOrder;

    /// <summary>Runs until the options' time is over.</summary>
    /// <returns>Whether all checks held.</returns>
    /// <exception cref="OperationCanceledException">It was stopped before; the buyers were stopped too.</exception>
    public async Task<bool> RunAsync(CancellationToken cancellation)
    {
        await new SandboxSetup(api, world, time, output, options.App).RunAsync(cancellation).ConfigureAwait(false);
        await (sources?.SetUpAsync(cancellation) ?? Task.CompletedTask).ConfigureAwait(false);
        await new SandboxMode(api, time, output).SetAsync(options.Mode, cancellation).ConfigureAwait(false);
        (start, firstOrder) = (time.GetTimestamp(), time.GetUtcNow());
        Snapshot busy;
        try
        {
            // Stopped while this is answered, the buyers may have come all the same: they too are sent home.
            await world.StartBuyersAsync(options.OrdersPerSecond, shipped: sources is null, cancellation).ConfigureAwait(false);
            await using var view = LiveView.Create(output);
            busy = await ShowAsync(view, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await SayFarewellAsync().ConfigureAwait(false);
            throw;
        }

        await world.StopBuyersAsync(cancellation).ConfigureAwait(false);
        output.WriteLine("The buyers have stopped; waiting until every change is applied, published and verified ...");
        var report = sources is null ? null : await sources.FinishAsync(cancellation).ConfigureAwait(false);
        var last = await DrainAsync(cancellation).ConfigureAwait(false);
        var stages = await api.StagesAsync(firstOrder, cancellation).ConfigureAwait(false);

        // The last seconds of a summary are those in which buyers still bought.
        var summary = new RunSummary(last with { Pipeline = last.Pipeline with { Recent = busy.Pipeline.Recent } }, stages);
        summary.Write(output);
        report?.Write(output);
        return summary.Holds && report is not { Differences.Count: > 0 };
    }

    private async Task<Snapshot> ShowAsync(LiveView view, CancellationToken cancellation)
    {
        while (true)
        {
            var snapshot = await LookAsync(cancellation).ConfigureAwait(false);
            view.Show(snapshot);
            var left = options.RunFor is { } limit ? limit - time.GetElapsedTime(start) : TimeSpan.MaxValue;
            if (left <= TimeSpan.Zero)
            {
                return snapshot;
            }

            await Task.Delay(left < view.Every ? left : view.Every, time, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<Snapshot> DrainAsync(CancellationToken cancellation)
    {
        var patience = new DrainPatience();
        while (true)
        {
            var snapshot = await LookAsync(cancellation).ConfigureAwait(false);
            if (snapshot.IsSettled || patience.IsOver(snapshot))
            {
                return snapshot;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>What really happened is read first: the ledger may know of an order more by then, never of one less.</summary>
    private async Task<Snapshot> LookAsync(CancellationToken cancellation)
    {
        var really = await world.FiguresAsync(cancellation).ConfigureAwait(false);
        var known = await api.PipelineAsync(firstOrder, cancellation).ConfigureAwait(false);
        return new Snapshot(time.GetElapsedTime(start), really, known, restarts());
    }

    /// <summary>Stopped by hand: the buyers go home, and the figures so far are said, without a judgement.</summary>
    private async Task SayFarewellAsync()
    {
        using var limit = new CancellationTokenSource(FarewellLimit);
        try
        {
            await world.StopBuyersAsync(limit.Token).ConfigureAwait(false);
            new RunSummary(await LookAsync(limit.Token).ConfigureAwait(false), stages: null).WriteFigures(output);
        }
        catch (Exception failure) when (failure is OperationCanceledException or SandboxStepException)
        {
            output.WriteLine("The services could not be asked for a last summary.");
        }
    }
}
