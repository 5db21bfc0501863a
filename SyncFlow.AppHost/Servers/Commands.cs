using System.Diagnostics;

namespace SyncFlow.AppHost.Servers;

/// <summary>What a finished command said: exit code, and standard output with standard error behind it.</summary>
internal readonly record struct CommandResult(int ExitCode, string Output);

/// <summary>Runs short commands to their end.</summary>
internal static class Commands
{
    /// <summary>Longest a short command may take; initdb on a slow disk is the slowest of them.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    /// <summary>Runs a program and returns its exit code and output.</summary>
    /// <exception cref="ServerFailedException">It ran longer than 90 seconds; it was killed.</exception>
    public static CommandResult Run(string program, IEnumerable<string> arguments, string? workingFolder = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            WorkingDirectory = workingFolder ?? "",
        };
        using var process = Process.Start(start)
            ?? throw new InvalidOperationException($"{program} could not be started.");
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(Limit) || !Task.WaitAll([output, error], Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new ServerFailedException($"{program} did not end within {Limit.TotalSeconds:0} s and was killed.");
        }

        return new CommandResult(process.ExitCode, (output.Result + error.Result).Trim());
    }

    /// <summary>Runs a program that must succeed.</summary>
    /// <exception cref="ServerFailedException">It ended with another code than 0; the message has its output.</exception>
    public static string Require(string program, IEnumerable<string> arguments, string? workingFolder = null)
    {
        var result = Run(program, arguments, workingFolder);
        return result.ExitCode == 0
            ? result.Output
            : throw new ServerFailedException(
                $"{program} ended with code {result.ExitCode}:{Environment.NewLine}{result.Output}");
    }
}
