using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Stock;

namespace SyncFlow.Storage.Operations;

/// <summary>
/// Rows of a queue that cannot be worked on: each waits for a while, so that it keeps no other waiting, and a person is told
/// with its number.
/// </summary>
public static class SetAside
{
    /// <summary>The kind of incidents about shortages that nothing could be proposed for.</summary>
    public const string SettlementKind = "settlement-failed";

    /// <summary>The kind of incidents about holds that could not be ended.</summary>
    public const string HoldKind = "hold-stuck";

    private const int LongestError = 300;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(10);

    /// <summary>Sets a noticed shortage aside.</summary>
    internal static Task ShortageAsync(NpgsqlDataSource source, TenantId tenant, long id, Exception failure, CancellationToken ct) => RunAsync(
        source, tenant, id, "UPDATE oversells SET propose_after = clock_timestamp() + $3 WHERE tenant_id = $1 AND oversell_id = $2 AND state = 1",
        SettlementKind, $"No settlement could be proposed for shortage {id.ToString(CultureInfo.InvariantCulture)} (GET /oversells)", failure, ct);

    /// <summary>Sets a hold aside whose time is up.</summary>
    internal static Task HoldAsync(NpgsqlDataSource source, TenantId tenant, long id, Exception failure, CancellationToken ct) => RunAsync(
        source, tenant, id, "UPDATE reservations SET expire_after = clock_timestamp() + $3 WHERE tenant_id = $1 AND reservation_id = $2 AND state <= 2",
        HoldKind, $"The time of reservation {id.ToString(CultureInfo.InvariantCulture)} is up, and it could not be ended; its units are still held", failure, ct);

    /// <summary>Closes a tenant's incidents of rows that wait no more.</summary>
    internal static NpgsqlBatchCommand CloseDone(StorageSession session, DateTimeOffset at) => session.Of(
        """
        UPDATE incidents i SET closed_at = $2
        WHERE i.tenant_id = $1 AND i.closed_at IS NULL AND i.kind IN ('settlement-failed', 'hold-stuck')
          AND NOT EXISTS (SELECT FROM oversells o
            WHERE o.tenant_id = $1 AND o.state = 1 AND o.propose_after IS NOT NULL AND i.incident_key = 'settlement-failed:' || o.oversell_id)
          AND NOT EXISTS (SELECT FROM reservations r
            WHERE r.tenant_id = $1 AND r.state <= 2 AND r.confirmed IS NULL AND r.expire_after IS NOT NULL
              AND i.incident_key = 'hold-stuck:' || r.reservation_id)
        """,
        Sql.P(DatabaseTime.Of(at)));

    private static async Task RunAsync(
        NpgsqlDataSource source, TenantId tenant, long id, string statement, string kind, string what, Exception failure, CancellationToken ct)
    {
        var error = $"{failure.GetType().Name}: {failure.Message}";
        error = error.Length <= LongestError ? error : error[..LongestError];
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var at = (await session.QueryAsync(session.Of("SELECT clock_timestamp() WHERE $1 > 0"), row => row.Moment(0), ct).ConfigureAwait(false))[0];
        await using var batch = session.Batch(
            session.Of(statement, Sql.P(id), Sql.P(Pause)),
            CaseRows.UpsertIncidents(
                session,
                [
                    new Incident(
                        string.Create(CultureInfo.InvariantCulture, $"{kind}:{id}"), kind,
                        $"{what}: {error}. It is tried again every {Pause.TotalMinutes:0} minutes; the others go on.", null, null, null, at),
                ]));
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
    }
}
