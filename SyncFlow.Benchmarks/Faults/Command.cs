using System.Diagnostics;
using SyncFlow.Benchmarks.Support;

namespace SyncFlow.Benchmarks.Faults;

/// <summary>How a program ended.</summary>
/// <param name="Ended">False when it was stopped because it took too long.</param>
/// <param name="Output">What it printed.</param>
internal sealed record CommandResult(bool Ended, int ExitCode, string Output);

/// <summary>Runs programs one after another and waits for them.</summary>
internal static class Command
{
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(20);

    /// <summary>Runs <c>dotnet</c>, which must succeed.</summary>
    /// <exception cref="CheckFailedException">It did not.</exception>
    public static async Task DotnetAsync(string folder, IReadOnlyList<string> arguments, CancellationToken ct)
    {
        var run = await DotnetAsync(folder, arguments, new Dictionary<string, string>(), BuildLimit, ct).ConfigureAwait(false);
        if (!run.Ended || run.ExitCode != 0)
        {
            throw new CheckFailedException($"dotnet {string.Join(' ', arguments)} failed: {run.Output}");
        }
    }

    /// <summary>Runs <c>dotnet</c>; a program that takes longer than <paramref name="limit"/> is stopped.</summary>
    public static async Task<CommandResult> DotnetAsync(
        string folder, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, TimeSpan limit, CancellationToken ct)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet could not be started.");
        var output = process.StandardOutput.ReadToEndAsync(ct);
        var errors = process.StandardError.ReadToEndAsync(ct);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(limit);
        var ended = true;
        try
        {
            await process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            ct.ThrowIfCancellationRequested();
            ended = false;
        }

        return new CommandResult(
            ended, process.ExitCode, await output.ConfigureAwait(false) + await errors.ConfigureAwait(false));
    }
}
