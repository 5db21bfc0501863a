using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Publishing;
using Xunit;

namespace SyncFlow.Tests.Core;

public sealed class LeaseSharesTests
{
    private static readonly string[] Three = ["host/17/a", "host/18/b", "other/17/c"];

    [Fact]
    public void Connections_spread_evenly_over_workers_whatever_the_order_in_which_they_are_known()
    {
        var shares = Shares(Three);
        shares.ShouldBe(Shares([Three[2], Three[0], Three[1]]));
        foreach (var worker in Three)
        {
            shares.Count(s => s == worker).ShouldBeInRange(6_400, 6_930);
        }
    }

    [Fact]
    public void When_a_worker_comes_or_goes_only_its_own_connections_move()
    {
        var (three, two) = (Shares(Three), Shares(Three[..2]));
        for (var n = 0; n < three.Count; n++)
        {
            (three[n] == Three[2] || three[n] == two[n]).ShouldBeTrue();
        }

        Should.Throw<ArgumentException>(() => LeaseShares.Of(new ConnectionId(1), []));
    }

    private static List<string> Shares(IReadOnlyCollection<string> workers) =>
        [.. Enumerable.Range(1, 20_000).Select(n => LeaseShares.Of(new ConnectionId(n), workers))];
}
