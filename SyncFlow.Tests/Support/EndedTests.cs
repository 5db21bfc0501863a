using System.Collections.Concurrent;
using System.Reflection;
using SyncFlow.Tests.Support;
using Xunit.v3;

[assembly: EndedTests]

namespace SyncFlow.Tests.Support;

/// <summary>
/// Knows which tests are over, so that what was made for one of them alone can go before the run ends: a thousand databases are
/// more than a machine's memory holds.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class EndedTestsAttribute : BeforeAfterTestAttribute
{
    /// <summary>A test's class is disposed after it, and what that still stops may need what the test had.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly ConcurrentQueue<(string Test, long At)> Ended = new();

    /// <summary>Ids of tests that ended a while ago, each once.</summary>
    public static IEnumerable<string> Take()
    {
        while (Ended.TryPeek(out var oldest) && TimeProvider.System.GetElapsedTime(oldest.At) > Patience && Ended.TryDequeue(out var ended))
        {
            yield return ended.Test;
        }
    }

    public override void After(MethodInfo methodUnderTest, IXunitTest test) => Ended.Enqueue((test.UniqueID, TimeProvider.System.GetTimestamp()));
}
