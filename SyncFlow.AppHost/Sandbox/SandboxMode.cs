using System.Globalization;

namespace SyncFlow.AppHost.Sandbox;

/// <summary>
/// Sets how the sandbox's SKUs are shared, through the public API, and waits until every level shows what follows from
/// it: what buyers meet then is the mode that was asked for.
/// </summary>
internal sealed class SandboxMode(ApiClient api, TimeProvider time, TextWriter output)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Sets the mode of every SKU that has another; does nothing where all have it, or where null leaves it as it is.</summary>
    /// <exception cref="SandboxStepException">The levels do not settle within a minute.</exception>
    public async Task SetAsync(string? mode, CancellationToken cancellation)
    {
        if (mode is null || await api.SkusNotInModeAsync(mode, cancellation).ConfigureAwait(false) is not { Count: > 0 } others)
        {
            return;
        }

        await api.SetModesAsync(others, mode, cancellation).ConfigureAwait(false);
        var since = time.GetTimestamp();
        while (await api.IsReplanningAsync(cancellation).ConfigureAwait(false)
            || !(await api.PipelineAsync(time.GetUtcNow(), cancellation).ConfigureAwait(false)).IsPublished)
        {
            if (time.GetElapsedTime(since) > Limit)
            {
                throw api.Failed("Setting the mode", $"the levels do not show what follows from it after {Limit.TotalSeconds:0} s.");
            }

            await Task.Delay(LookEvery, time, cancellation).ConfigureAwait(false);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{others.Count} SKUs are shared in {mode} mode."));
    }
}
