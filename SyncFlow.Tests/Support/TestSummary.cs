namespace SyncFlow.Tests.Support;

/// <summary>
/// Figures that whoever runs all tests should see beside how many passed. <c>./test</c> names a file in
/// <c>SYNCFLOW_TEST_SUMMARY</c> and prints it at the end; without one nothing is written.
/// </summary>
internal static class TestSummary
{
    private static readonly Lock Gate = new();

    /// <summary>Adds a line.</summary>
    public static void Add(string line)
    {
        if (Environment.GetEnvironmentVariable("SYNCFLOW_TEST_SUMMARY") is { Length: > 0 } file)
        {
            lock (Gate)
            {
                File.AppendAllText(file, line + Environment.NewLine);
            }
        }
    }
}
