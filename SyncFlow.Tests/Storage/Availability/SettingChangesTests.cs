using Shouldly;
using SyncFlow.Storage.Availability;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Availability;

public sealed class SettingChangesTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Only_changes_from_before_anything_that_is_kept_are_forgotten()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        await database.ExecuteAsync(
            "INSERT INTO stock_setting_changes (tenant_id, xid, sku_id, at) VALUES (1, '5', 0, now() - interval '49 hours'), (2, '5', 7, now() - interval '49 hours'), (1, '6', 0, now() - interval '2 hours')");
        (await new SettingChanges(database.Worker).ForgetAsync(TestContext.Current.CancellationToken)).ShouldBe(2);
        (await database.ScalarAsync<string>("SELECT string_agg(xid::text, ' ') FROM stock_setting_changes")).ShouldBe("6");
    }
}
