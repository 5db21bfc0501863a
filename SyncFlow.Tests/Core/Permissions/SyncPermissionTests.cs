using Shouldly;
using SyncFlow.Core.Permissions;
using Xunit;

namespace SyncFlow.Tests.Core.Permissions;

public sealed class SyncPermissionTests
{
    [Theory]
    [InlineData("orders/create", SyncTopic.Orders)]
    [InlineData("fetch", SyncTopic.Orders)]
    [InlineData("refunds/create", SyncTopic.Orders)]
    [InlineData("fulfillment_orders/moved", SyncTopic.Orders)]
    [InlineData("inventory_levels/update", SyncTopic.Levels)]
    [InlineData("products/update", SyncTopic.Catalog)]
    [InlineData("inventory_items/delete", SyncTopic.Catalog)]
    [InlineData("locations/deactivate", SyncTopic.Catalog)]
    public void Topics_of_channels_belong_to_ours(string channelTopic, SyncTopic topic) => SyncPermissions.TopicOf(channelTopic).ShouldBe(topic);

    [Theory]
    [InlineData("app/uninstalled")]
    [InlineData("shop/redact")]
    public void The_life_of_a_connection_is_always_heard(string channelTopic) =>
        new SyncPermissions(SyncDirection.None, SyncDirection.None, SyncDirection.None).MayRead(channelTopic).ShouldBeTrue();

    [Theory]
    [InlineData(SyncDirection.None, false, false)]
    [InlineData(SyncDirection.Read, true, false)]
    [InlineData(SyncDirection.Push, false, true)]
    [InlineData(SyncDirection.Both, true, true)]
    public void Levels_are_read_and_written_as_their_direction_says(SyncDirection direction, bool read, bool push)
    {
        var permissions = SyncPermissions.All with { Levels = direction };
        permissions.MayRead("inventory_levels/update").ShouldBe(read);
        permissions.MayPush.ShouldBe(push);
        permissions.MayRead("orders/create").ShouldBeTrue();
    }
}
