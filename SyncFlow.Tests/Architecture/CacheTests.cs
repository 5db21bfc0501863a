using Shouldly;
using Xunit;

namespace SyncFlow.Tests.Architecture;

public sealed class CacheTests
{
    [Fact]
    public void Nothing_that_decides_about_stock_reads_what_is_kept_in_Redis()
    {
        var files = Sources.With(".cs").ToList();
        files.SelectMany(CacheRules.In).ShouldBeEmpty();
        files.Count(f => f.Text.Contains("AvailabilityReader", StringComparison.Ordinal)).ShouldBeGreaterThan(3, "the rule's names are those in use");
    }

    [Theory]
    [InlineData("SyncFlow.Worker/Publishing/Publisher.cs", "private readonly RedisValues values;")]
    [InlineData("SyncFlow.Worker/Apply/ApplyPipeline.cs", "await multiplexer.GetDatabase().StringGetAsync(key)")]
    [InlineData("SyncFlow.Worker/Publishing/Planner.cs", "new AvailabilityStore(source)")]
    [InlineData("SyncFlow.Api/Reservations/Reserve.cs", "AvailabilityReader reader")]
    [InlineData("SyncFlow.Storage/Publishing/PushStore.cs", "KeptAvailability.Read(bytes)")]
    public void A_planted_reader_is_found(string path, string line) =>
        CacheRules.In(new SourceFile(path, "namespace X;\n" + line)).ShouldNotBeEmpty();
}
