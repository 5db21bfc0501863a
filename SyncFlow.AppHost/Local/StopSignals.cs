using System.Runtime.InteropServices;

namespace SyncFlow.AppHost.Local;

/// <summary>
/// Turns Ctrl+C and the signals that ask a process to end into one request to stop. A second one does not wait any
/// longer: the process ends, and what it started notices that and ends too.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    /// <summary>What shells report for a process that Ctrl+C ended.</summary>
    private const int InterruptedExitCode = 130;

    private readonly CancellationTokenSource requested = new();

    private readonly List<PosixSignalRegistration> registrations = [];

    private int count;

    public StopSignals()
    {
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
        {
            registrations.Add(PosixSignalRegistration.Create(signal, Handle));
        }
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Requested => requested.Token;

    public void Dispose()
    {
        registrations.ForEach(registration => registration.Dispose());
        requested.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref count) > 1)
        {
            Environment.Exit(InterruptedExitCode);
        }

        requested.Cancel();
    }
}
