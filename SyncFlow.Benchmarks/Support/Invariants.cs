using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Simulator.Worlds;
using SyncFlow.Storage.Audit;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Benchmarks.Support;

/// <summary>What must hold after every measurement, whatever its speed. Each throws where it does not.</summary>
internal static class Invariants
{
    /// <summary>Positions are the replay of the ledger.</summary>
    /// <param name="database">Connection string of its owner.</param>
    /// <exception cref="CheckFailedException">They are not.</exception>
    public static async Task PositionsAreTheLedgersAsync(string database, TenantId tenant, CancellationToken ct)
    {
        using var worker = NpgsqlDataSource.Create(PostgresExtensions.ForRole(database, PostgresRole.Worker));
        await using var session = await StorageSession.OpenAsync(worker, tenant, ct).ConfigureAwait(false);
        var differences = await LedgerAudit.PositionsDifferFromLedgerAsync(session, ct).ConfigureAwait(false);
        if (differences.Count > 0)
        {
            throw new CheckFailedException($"{differences.Count} positions differ from the ledger, the first: {differences[0]}.");
        }
    }

    /// <summary>
    /// Every published level is believed to show its target, each store itself shows it, and nothing that arrived is dead. The
    /// stores are asked, for what the product believes of them proves nothing.
    /// </summary>
    /// <param name="levels">How many levels must be published.</param>
    /// <exception cref="CheckFailedException">It is not so.</exception>
    public static async Task StoresShowTheirTargetsAsync(string database, World world, int levels, CancellationToken ct)
    {
        using var owner = NpgsqlDataSource.Create(database);
        var targets = await TargetsAsync(owner, ct).ConfigureAwait(false);
        if (targets.Count != levels)
        {
            throw new CheckFailedException($"{targets.Count} levels are published, not {levels}.");
        }

        foreach (var shop in world.Shops)
        {
            lock (shop.Gate)
            {
                foreach (var level in shop.Levels)
                {
                    if (targets.Remove((shop.Domain, level.ItemId, level.LocationId), out var target) && level[StockState.Available] != target)
                    {
                        throw new CheckFailedException(
                            $"{shop.Domain} shows {level[StockState.Available]} of item {level.ItemId} at {level.LocationId}; its target is {target}.");
                    }
                }
            }
        }

        if (targets.Count > 0)
        {
            throw new CheckFailedException($"{targets.Count} published levels are in no store, the first: {targets.Keys.First()}.");
        }

        await NothingWaitsAsync(owner, ct).ConfigureAwait(false);
    }

    /// <summary>
    /// The levels of a merchant with one location and stores that nobody publishes to have the targets that its orders leave of
    /// what is on hand: each all of it where it is shared, in guard all of a SKU's together.
    /// </summary>
    /// <exception cref="CheckFailedException">One has another.</exception>
    public static async Task TargetsAreWhatOrdersLeftAsync(string database, TenantId tenant, CancellationToken ct)
    {
        using var owner = NpgsqlDataSource.Create(database);
        using var command = owner.CreateCommand(
            """
            SELECT count(*), count(*) FILTER (WHERE target IS DISTINCT FROM remains),
              min(format('SKU %s: %s, not %s', sku_id, target, remains)) FILTER (WHERE target IS DISTINCT FROM remains)
            FROM (
              SELECT l.sku_id, CASE WHEN s.mode = $2 THEN sum(l.target) OVER (PARTITION BY l.sku_id) ELSE l.target END AS target,
                greatest(0, p.on_hand - p.committed) AS remains
              FROM listing_levels l JOIN positions p USING (tenant_id, sku_id, location_id) JOIN sku_state s USING (tenant_id, sku_id)
              WHERE l.tenant_id = $1 AND l.status = 3) AS level
            """);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)EffectiveMode.Guard });
        await using var row = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        await row.ReadAsync(ct).ConfigureAwait(false);
        if (row.GetInt64(0) == 0 || row.GetInt64(1) > 0)
        {
            var first = row.IsDBNull(2) ? "there are none" : row.GetString(2);
            throw new CheckFailedException($"of {row.GetInt64(0)} levels {row.GetInt64(1)} have another target than their orders left; {first}.");
        }
    }

    private static async Task<Dictionary<(string Shop, long Item, long Location), int>> TargetsAsync(NpgsqlDataSource owner, CancellationToken ct)
    {
        using var command = owner.CreateCommand(
            """
            SELECT c.shop, l.item_ref::bigint, l.external_location_id::bigint, l.target
            FROM listing_levels l JOIN connections c USING (tenant_id, connection_id) WHERE l.status = 3 AND l.target IS NOT NULL
            """);
        await using var row = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var targets = new Dictionary<(string, long, long), int>();
        while (await row.ReadAsync(ct).ConfigureAwait(false))
        {
            targets.Add((row.GetString(0), row.GetInt64(1), row.GetInt64(2)), row.GetInt32(3));
        }

        return targets;
    }

    private static async Task NothingWaitsAsync(NpgsqlDataSource owner, CancellationToken ct)
    {
        using var command = owner.CreateCommand(
            """
            SELECT (SELECT count(*) FROM listing_levels WHERE status = 3 AND (belief IS DISTINCT FROM target OR wants_push)),
              (SELECT count(*) FROM inbox WHERE state = 2)
            """);
        await using var row = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        await row.ReadAsync(ct).ConfigureAwait(false);
        if (row.GetInt64(0) + row.GetInt64(1) > 0)
        {
            throw new CheckFailedException($"{row.GetInt64(0)} levels are not believed to show their targets, {row.GetInt64(1)} events are dead.");
        }
    }
}
