using System.Text;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Sources;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.StockSources;

/// <summary>History is taken in no faster than it is booked, so that what happens now does not wait behind all of it.</summary>
public sealed class HistoryBacklogTests(PostgresFixture postgres, RedisFixture redis)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_taken_in_before_the_last_batch_is_known_until_it_is_booked()
    {
        await using var stand = await SourceStand.OpenAsync(postgres, redis);
        var rows = string.Concat(Enumerable.Range(1, 3).Select(n => $"h{n},movement,A,1000,{SourceStand.Moment(n)},{n},2\n"));
        var (_, sent) = await stand.UploadAsync("history/csv", Encoding.UTF8.GetBytes("id,type,sku,location,occurredAt,sequence,units\n" + rows));
        var applier = new SourceFileApplier(stand.Warehouse.Worker, TimeProvider.System);
        var backlog = new HistoryBacklog(stand.Warehouse.Worker, TimeProvider.System);
        var tenant = new TenantId(1);
        (await backlog.HasAsync(tenant, DatabaseTime.Now(TimeProvider.System), Ct)).ShouldBeFalse();

        var begun = DatabaseTime.Now(TimeProvider.System);
        (await applier.NextAsync(tenant, (long)sent!["fileId"]!, 2, Ct)).ShouldBe(2);
        (await backlog.HasAsync(tenant, begun, Ct)).ShouldBeFalse("the batch just taken in is booked while the next is");
        (await backlog.HasAsync(tenant, DatabaseTime.Now(TimeProvider.System), Ct)).ShouldBeTrue();
        await stand.Warehouse.ApplyAsync();
        (await backlog.HasAsync(tenant, DatabaseTime.Now(TimeProvider.System), Ct)).ShouldBeFalse();
        (await stand.Warehouse.AtAsync("A", "MAIN")).ShouldBe(4);
    }
}
