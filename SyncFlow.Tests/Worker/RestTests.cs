using Shouldly;
using SyncFlow.Worker;
using Xunit;

namespace SyncFlow.Tests.Worker;

public sealed class RestTests
{
    [Fact]
    public void A_loop_rests_longer_while_it_finds_nothing_and_a_second_again_once_it_found_something()
    {
        var rest = new Rest();
        Enumerable.Range(0, 5).Select(_ => rest.After(found: false).TotalSeconds).ShouldBe([1, 2, 4, 4, 4]);
        rest.After(found: true).TotalSeconds.ShouldBe(1);
        rest.After(found: false).TotalSeconds.ShouldBe(1);
        rest.After(found: false).TotalSeconds.ShouldBe(2);
    }
}
