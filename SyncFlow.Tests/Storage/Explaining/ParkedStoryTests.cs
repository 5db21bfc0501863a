using Shouldly;
using SyncFlow.Core.Explaining;
using SyncFlow.Core.Parking;
using SyncFlow.Storage.Explaining;
using SyncFlow.Storage.Stock;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Explaining;

/// <summary>What explanations say of units that lay parked on the shelf of a channel that owns on-hand (rule R14).</summary>
public sealed class ParkedStoryTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 8, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task How_many_were_parked_is_told_as_of_each_moment()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1, onHand: 10);
        await PutAsync(merchant, Start, "settle", new ParkedShelf { Parked = 5, Owed = 0, Since = Start }, belief: 5);
        await PutAsync(merchant, Start.AddMinutes(1), "orders/updated", new ParkedShelf { Parked = 5, Owed = -2, Since = Start }, belief: 5);
        await PutAsync(merchant, Start.AddMinutes(2), "settle", new ParkedShelf { Parked = 3, Owed = null, Since = Start }, belief: 5);
        await PutAsync(merchant, Start.AddMinutes(3), "settle", null, belief: 5);

        (await ToldAsync(merchant, Start.AddSeconds(-1))).ShouldBeNull();
        (await ToldAsync(merchant, Start.AddSeconds(1))).ShouldBe(
            "Store 0 at MAIN has 5 units parked and not for sale since 2026-01-02 08:00:00 (a push was answered, 0 before): "
            + "of 10 that lie there and are promised to nobody it is to show 5.");
        (await ToldAsync(merchant, Start.AddSeconds(90)))!.ShouldEndWith(
            "of 8 that lie there and are promised to nobody it is to show 5; 2 of them are gone and in its on-hand still.");
        (await ToldAsync(merchant, Start.AddSeconds(150)))!.ShouldEndWith(
            "has 3 units parked and not for sale since 2026-01-02 08:02:00 (a push was answered, 5 before); "
            + "parking is switched off, and they are taken out of its on-hand.");
        (await ToldAsync(merchant, null)).ShouldBeNull();
    }

    private static async Task<string?> ToldAsync(Merchant merchant, DateTimeOffset? at)
    {
        var story = await new ExplainStore(merchant.Database.Api, TimeProvider.System).ReadAsync(
            merchant.Tenant, "SKU", new ExplainQuery(merchant.Skus[0], null, null, at, null, 50), Ct);
        return Narrative.Of(story.Moment, story.Levels, null).SingleOrDefault(s => s.Contains("parked", StringComparison.Ordinal));
    }

    private static async Task PutAsync(Merchant merchant, DateTimeOffset at, string cause, ParkedShelf? shelf, int belief)
    {
        await using var session = await merchant.WorkAsync();
        var set = await StockStore.LoadSkusAsync(session, merchant.Skus, Ct);
        var sku = set.Skus.Single();
        set.Put(sku.With(sku.Levels.Single() with { Shelf = shelf, Belief = belief, Target = 5 }));
        await StockStore.SaveAsync(session, set, cause, at, Ct);
        await session.CommitAsync(Ct);
    }
}
