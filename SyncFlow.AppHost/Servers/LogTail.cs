namespace SyncFlow.AppHost.Servers;

/// <summary>Reads the end of a log that another process may still be writing.</summary>
internal static class LogTail
{
    private const int MostBytes = 8 * 1024;

    private const int MostLines = 15;

    /// <summary>The last lines (at most 15) of a file, or an empty text when there is none.</summary>
    public static string Read(string file)
    {
        if (!File.Exists(file))
        {
            return "";
        }

        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Seek(-Math.Min(MostBytes, stream.Length), SeekOrigin.End);
        using var reader = new StreamReader(stream);
        var lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return string.Join(Environment.NewLine, lines.TakeLast(MostLines));
    }
}
