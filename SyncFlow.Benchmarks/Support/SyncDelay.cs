using System.Diagnostics;
using System.Globalization;

namespace SyncFlow.Benchmarks.Support;

/// <summary>
/// Makes every sync of the database's files take longer, as on a cloud's disk. The server runs with a small library before
/// the C library's, whose <c>fdatasync</c> and <c>fsync</c> do what they should and then wait: whoever commits meanwhile
/// waits for the next sync, exactly as behind a slow disk. Needs a C compiler (<c>cc</c>) and Linux.
/// </summary>
internal static class SyncDelay
{
    /// <summary>The option that says how many milliseconds.</summary>
    public const string Option = "--sync-delay";

    private const string Source =
        """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stdlib.h>
        #include <unistd.h>

        static int slow(const char *name, int file) {
          int (*sync)(int) = (int (*)(int)) dlsym(RTLD_NEXT, name);
          int result = sync(file);
          const char *microseconds = getenv("SLOW_SYNC_US");
          usleep(microseconds ? atoi(microseconds) : 0);
          return result;
        }

        int fdatasync(int file) { return slow("fdatasync", file); }
        int fsync(int file) { return slow("fsync", file); }
        """;

    /// <summary>What the server's command line begins with; empty where the disk is left as it is.</summary>
    /// <param name="folder">For the library; the server's account must be able to pass through it.</param>
    /// <param name="milliseconds">How much longer a sync takes.</param>
    /// <exception cref="CheckFailedException">There is no compiler, or it refused.</exception>
    public static IReadOnlyList<string> Prefix(DirectoryInfo folder, long milliseconds)
    {
        if (milliseconds == 0)
        {
            return [];
        }

        var (source, library) = (Path.Combine(folder.FullName, "slow-sync.c"), Path.Combine(folder.FullName, "slow-sync.so"));
        File.WriteAllText(source, Source);
        Compile(source, library);
        return
        [
            "env", "LD_PRELOAD=" + library,
            string.Create(CultureInfo.InvariantCulture, $"SLOW_SYNC_US={milliseconds * 1_000}"),
        ];
    }

    private static void Compile(string source, string library)
    {
        try
        {
            using var compiler = Process.Start(new ProcessStartInfo("cc", ["-shared", "-fPIC", "-o", library, source, "-ldl"]))!;
            compiler.WaitForExit();
            if (compiler.ExitCode == 0)
            {
                return;
            }
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // There is none: told below.
        }

        throw new CheckFailedException(Option + " needs a C compiler (cc).");
    }
}
