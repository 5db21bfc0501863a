using System.Runtime.InteropServices;

namespace SyncFlow.ServiceDefaults.Clock;

/// <summary>
/// The system's time, with a count that goes on while the machine sleeps, which the usual one on Linux does not: who wakes
/// up must not think that it still holds a lease, or that a request can still arrive.
/// </summary>
internal sealed class HostTime : TimeProvider
{
    private const int BootTime = 7; // CLOCK_BOOTTIME

    private HostTime()
    {
    }

    /// <summary>The host's time; on other systems the usual one, whose count goes on in sleep on Windows.</summary>
    public static TimeProvider Current { get; } =
        OperatingSystem.IsLinux() && Environment.Is64BitProcess && NativeMethods.GetTime(BootTime, out _) == 0 ? new HostTime() : System;

    public override long TimestampFrequency => 1_000_000_000;

    public override long GetTimestamp() => NativeMethods.GetTime(BootTime, out var time) == 0
        ? (time.Seconds * TimestampFrequency) + time.Nanoseconds
        : throw new InvalidOperationException("The system does not tell how long it has been running.");

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct TimeSpec
    {
        public readonly long Seconds;

        public readonly long Nanoseconds;
    }

    private static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "clock_gettime")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int GetTime(int clock, out TimeSpec time);
    }
}
