using Shouldly;
using SyncFlow.Core;
using SyncFlow.Storage.Inbox;
using SyncFlow.Worker.Apply;
using Xunit;

namespace SyncFlow.Tests.Worker.Apply;

public sealed class BatchSizesTests
{
    private static readonly TenantId Tenant = new(1);

    [Fact]
    public void A_backlog_is_taken_in_growing_batches_up_to_the_limit()
    {
        var sizes = new BatchSizes();
        var seen = new List<int>();
        for (var i = 0; i < 5; i++)
        {
            seen.Add(sizes.Next(Tenant, othersWait: false));
            sizes.Learn(Tenant, seen[^1], claimed: seen[^1]);
        }

        seen.ShouldBe([500, 1_000, 2_000, 4_000, 4_000]);
        sizes.Next(new TenantId(2), othersWait: false).ShouldBe(InboxRetries.UsuallyClaimed, "another tenant has no backlog");
    }

    [Fact]
    public void Batches_are_small_again_when_one_was_not_full_or_another_tenant_waits()
    {
        var sizes = new BatchSizes();
        sizes.Learn(Tenant, 500, claimed: 500);
        sizes.Next(Tenant, othersWait: true).ShouldBe(500);
        sizes.Next(Tenant, othersWait: false).ShouldBe(1_000);
        sizes.Learn(Tenant, 1_000, claimed: 1_000);
        sizes.Learn(Tenant, 500, claimed: 500);
        sizes.Next(Tenant, othersWait: false).ShouldBe(2_000, "a smaller batch that ran beside it ended last");
        sizes.Learn(Tenant, 2_000, claimed: 1_999);
        sizes.Next(Tenant, othersWait: false).ShouldBe(500);
    }
}
