using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Ledger;

/// <summary>
/// Up to which night each tenant's positions have been compared with its ledger. A night is a day of UTC that begins at 03:00. It is
/// claimed, so that of many workers one compares a tenant; and it is done only when that is written down here, so that a worker
/// that was away, or failed, leaves it to be done later.
/// </summary>
/// <param name="source">Of the role worker.</param>
public sealed class NightlyReplays(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>UTC hour at which a night begins.</summary>
    private const int Hour = 3;

    /// <summary>How long a claim lasts after the last report; and after which a tenant that failed is tried again.</summary>
    private static readonly TimeSpan ClaimFor = TimeSpan.FromMinutes(15);

    /// <summary>The night that has begun last.</summary>
    public DateOnly Night => DateOnly.FromDateTime(DatabaseTime.Now(time).UtcDateTime.AddHours(-Hour));

    /// <summary>Tenants of which a night is to be compared, and nobody is at it.</summary>
    public async Task<IReadOnlyList<TenantId>> DueAsync(DateOnly night, CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenants_to_replay($1, $2)");
        command.Parameters.Add(Sql.P(night));
        command.Parameters.Add(Sql.P(DatabaseTime.Now(time)));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => new TenantId(row.GetInt64(0)), ct).ConfigureAwait(false);
    }

    /// <summary>Claims a tenant's night; false where another worker has it, or has done it.</summary>
    public Task<bool> ClaimAsync(TenantId tenant, DateOnly night, CancellationToken ct) => RunAsync(
        tenant,
        session => session.Of(
            """
            INSERT INTO ledger_replays AS r (tenant_id, claimed_until) VALUES ($1, $3)
            ON CONFLICT (tenant_id) DO UPDATE SET claimed_until = excluded.claimed_until
            WHERE (r.replayed_through IS NULL OR r.replayed_through < $2) AND (r.claimed_until IS NULL OR r.claimed_until <= $4)
            """,
            Sql.P(night), Sql.P(DatabaseTime.Now(time) + ClaimFor), Sql.P(DatabaseTime.Now(time))),
        ct);

    /// <summary>Keeps the claim while the comparison goes on.</summary>
    public Task KeepAsync(TenantId tenant, CancellationToken ct) => RunAsync(
        tenant,
        session => session.Of(
            "UPDATE ledger_replays SET claimed_until = $2 WHERE tenant_id = $1 AND claimed_until IS NOT NULL", Sql.P(DatabaseTime.Now(time) + ClaimFor)),
        ct);

    /// <summary>Writes down that a tenant's night has been compared.</summary>
    public Task DoneAsync(TenantId tenant, DateOnly night, CancellationToken ct) => RunAsync(
        tenant,
        session => session.Of(
            "UPDATE ledger_replays SET replayed_through = greatest(replayed_through, $2), claimed_until = NULL WHERE tenant_id = $1", Sql.P(night)),
        ct);

    private async Task<bool> RunAsync(TenantId tenant, Func<StorageSession, NpgsqlBatchCommand> statement, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var rows = await session.ExecuteAsync(statement(session), ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return rows == 1;
    }
}
