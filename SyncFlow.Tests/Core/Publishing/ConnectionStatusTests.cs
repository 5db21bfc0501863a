using Shouldly;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Core.Engine;
using SyncFlow.Tests.Core.Support;
using Xunit;

namespace SyncFlow.Tests.Core.Publishing;

/// <summary>What may be done with a connection in each status (rules R12 and R13).</summary>
public sealed class ConnectionStatusTests
{
    [Theory]
    [InlineData(ConnectionStatus.Connected, true, false, true)]
    [InlineData(ConnectionStatus.Baselined, true, false, true)]
    [InlineData(ConnectionStatus.Live, true, true, true)]
    [InlineData(ConnectionStatus.Paused, true, false, true)]
    [InlineData(ConnectionStatus.Suspended, false, false, true)]
    [InlineData(ConnectionStatus.Uninstalled, false, false, true)]
    [InlineData(ConnectionStatus.Closed, false, false, false)]
    [InlineData(ConnectionStatus.Disconnecting, true, true, true)]
    public void A_status_says_whether_a_channel_is_called_and_written_and_whether_it_sells(
        ConnectionStatus status, bool called, bool written, bool sells)
    {
        status.MayBeCalled().ShouldBe(called);
        status.MayBeWritten().ShouldBe(written);
        var channel = new Desk(1, 0, SharingMode.Guard).Context.Channels[new ConnectionId(1)] with { Status = status };
        channel.Sells.ShouldBe(sells);
        channel.Publishes.ShouldBe(status == ConnectionStatus.Live);
    }
}
