using Shouldly;
using SyncFlow.Core;
using SyncFlow.Simulator.Protocol;
using SyncFlow.Storage.Publishing;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Storage.Publishing;

/// <summary>The database's leases do what <see cref="LeaseRow"/> says.</summary>
public sealed class LeaseAgreementTests(PostgresFixture postgres)
{
    private const int Steps = 120;

    /// <summary>A step takes nothing of it.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Random_takes_renewals_ends_and_writes_go_alike()
    {
        await using var database = await TestDatabase.CreateAsync(postgres);
        var merchant = await Merchant.CreateAsync(database, connections: 1, skus: 1);
        var (leases, connection) = (new LeaseStore(database.Worker), merchant.Connections[0]);
        await Seeds.RunAsync(1, async seed =>
        {
            var random = new Random(seed);
            var (row, now) = (LeaseRow.Free, Start);
            for (var step = 0; step < Steps; step++)
            {
                var epoch = Math.Max(1, row.Epoch - random.Next(2));
                var owner = random.Next(2) == 0 ? "a" : "b";
                switch (random.Next(5))
                {
                    case 0:
                        var taken = row.Take(owner, Long, now);
                        (await leases.AcquireAsync(merchant.Tenant, connection, owner, Long, Ct)).ShouldBe(taken?.Epoch);
                        row = taken ?? row;
                        break;
                    case 1:
                        var renewed = row.Renew(epoch, Long, now);
                        (await leases.RenewAsync(merchant.Tenant, connection, epoch, Long, Ct)).ShouldBe(renewed is not null);
                        row = renewed ?? row;
                        break;
                    case 2:
                        var released = row.Release(epoch, now);
                        (await leases.ReleaseAsync(merchant.Tenant, connection, epoch, Ct)).ShouldBe(released is not null);
                        row = released ?? row;
                        break;
                    case 3 when random.Next(3) == 0:
                        await database.ExecuteAsync("UPDATE connection_runtime SET lease_until = lease_until - interval '2 hours'");
                        now += Long + Long;
                        break;
                    default:
                        (await MayWriteAsync(merchant, connection, epoch)).ShouldBe(row.Permits(epoch, now));
                        break;
                }
            }

            row.Epoch.ShouldBeGreaterThan(5, "or too little happened");
        });
    }

    private static async Task<bool> MayWriteAsync(Merchant merchant, ConnectionId connection, long epoch)
    {
        await using var session = await merchant.WorkAsync();
        try
        {
            await LeaseStore.RequireAsync(session, connection, epoch, Ct);
            return true;
        }
        catch (LeaseLostException)
        {
            return false;
        }
    }
}
