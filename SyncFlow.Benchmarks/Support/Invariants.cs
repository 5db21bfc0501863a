using SyncFlow.Core;
using SyncFlow.ServiceDefaults.Postgres;
using SyncFlow.Storage.Audit;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Benchmarks.Support;

/// <summary>What must hold after every measurement, whatever its speed.</summary>
internal static class Invariants
{
    /// <summary>Positions are the replay of the ledger.</summary>
    public static async Task PositionsAreTheLedgersAsync(BenchServers servers, TenantId tenant, CancellationToken ct)
    {
        using var worker = servers.ForRole(PostgresRole.Worker);
        await using var session = await StorageSession.OpenAsync(worker, tenant, ct).ConfigureAwait(false);
        var differences = await LedgerAudit.PositionsDifferFromLedgerAsync(session, ct).ConfigureAwait(false);
        if (differences.Count > 0)
        {
            throw new CheckFailedException($"{differences.Count} positions differ from the ledger, the first: {differences[0]}.");
        }
    }

    /// <summary>Every level that is published shows its target, and nothing that arrived is dead.</summary>
    public static async Task LevelsShowTheirTargetsAsync(BenchServers servers, CancellationToken ct)
    {
        var wrong = await servers.ScalarAsync<long>(
            "SELECT count(*) FROM listing_levels WHERE status = 3 AND (belief IS DISTINCT FROM target OR wants_push)", ct).ConfigureAwait(false);
        var dead = await servers.ScalarAsync<long>("SELECT count(*) FROM inbox WHERE state = 2", ct).ConfigureAwait(false);
        if (wrong + dead > 0)
        {
            throw new CheckFailedException($"{wrong} levels do not show their targets, {dead} events are dead.");
        }
    }
}
