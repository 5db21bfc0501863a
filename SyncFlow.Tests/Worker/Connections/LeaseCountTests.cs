using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Publishing;
using SyncFlow.Worker.Connections;
using Xunit;

namespace SyncFlow.Tests.Worker.Connections;

public sealed class LeaseCountTests
{
    [Theory]
    [InlineData(-60)]
    [InlineData(0)]
    [InlineData(60)]
    public void A_lease_lasts_as_long_as_it_was_granted_wherever_the_clock_is_set(int minutes)
    {
        var host = new Machine();
        var count = new LeaseCount(host);
        ChannelLease? lease = null;
        using var held = new HeldLease(
            new TenantId(1), new ConnectionId(2), (given, _) => { lease = given; return Task.CompletedTask; }, _ => Task.CompletedTask, count,
            NullLogger.Instance);
        held.Begin(new LeaseInput.Granted(7, count.Now), count.Now);
        host.Off = TimeSpan.FromMinutes(minutes);

        host.Counted = LeaseMachine.Ttl - LeaseMachine.Margin - TimeSpan.FromMilliseconds(1);
        lease.ShouldNotBeNull().IsHeld().ShouldBeTrue();
        host.Counted += TimeSpan.FromMilliseconds(1);
        lease.IsHeld().ShouldBeFalse();
    }

    private sealed class Machine : TimeProvider
    {
        public TimeSpan Counted { get; set; }

        public TimeSpan Off { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Counted.Ticks;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + Counted + Off;
    }
}
