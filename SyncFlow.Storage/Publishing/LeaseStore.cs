using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Publishing;

/// <summary>
/// One holder per connection: all calls to a channel go through it. Every acquisition raises the epoch, and every plan
/// and settlement names its epoch, so a holder that was away too long can write nothing. The database's clock decides:
/// it is the only one that all workers share.
/// </summary>
public sealed class LeaseStore(NpgsqlDataSource source)
{
    /// <summary>Takes the lease if nobody holds it (or <paramref name="owner"/> itself does).</summary>
    /// <param name="owner">Names one process start; never reused.</param>
    /// <param name="duration">How long it lasts without <see cref="RenewAsync"/>.</param>
    /// <returns>The new epoch, or null while another holds it.</returns>
    public async Task<long?> AcquireAsync(
        TenantId tenant, ConnectionId connection, string owner, TimeSpan duration, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            session.Of(
                "INSERT INTO connection_runtime (tenant_id, connection_id) VALUES ($1, $2) ON CONFLICT (tenant_id, connection_id) DO NOTHING",
                Sql.P(connection.Value)),
            ct).ConfigureAwait(false);

        // Locked first, and as a whole: that is the lock which a plan under the old epoch keeps out until it has ended.
        var epochs = await session.QueryAsync(
            session.Of(
                """
                WITH free AS MATERIALIZED (
                  SELECT tenant_id, connection_id FROM connection_runtime
                  WHERE tenant_id = $1 AND connection_id = $2
                    AND (lease_until IS NULL OR lease_until <= clock_timestamp() OR lease_owner = $3)
                  FOR UPDATE)
                UPDATE connection_runtime r SET lease_owner = $3, lease_epoch = r.lease_epoch + 1, lease_until = clock_timestamp() + $4
                FROM free WHERE r.tenant_id = free.tenant_id AND r.connection_id = free.connection_id
                RETURNING r.lease_epoch
                """,
                Sql.P(connection.Value), Sql.P(owner), Sql.P(duration)),
            row => row.GetInt64(0),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return epochs.Count == 1 ? epochs[0] : null;
    }

    /// <summary>Extends a lease that is still held; false when it is not, and never will be again under this epoch.</summary>
    public Task<bool> RenewAsync(TenantId tenant, ConnectionId connection, long epoch, TimeSpan duration, CancellationToken ct) =>
        ChangeAsync(tenant, connection, epoch, "clock_timestamp() + $4", duration, ct);

    /// <summary>Gives a lease back; another may take it at once. Does nothing when it was lost before.</summary>
    public Task<bool> ReleaseAsync(TenantId tenant, ConnectionId connection, long epoch, CancellationToken ct) =>
        ChangeAsync(tenant, connection, epoch, "clock_timestamp() - $4", TimeSpan.Zero, ct);

    /// <summary>
    /// Makes sure that the session writes under a lease that is held, and keeps it from being taken until the session
    /// ends; not from being renewed.
    /// </summary>
    /// <exception cref="LeaseLostException">It is not held under this epoch.</exception>
    public static async Task RequireAsync(StorageSession session, ConnectionId connection, long epoch, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(session);
        var held = Require(session, connection, epoch);
        await session.ExecuteAsync(held, ct).ConfigureAwait(false);
        EnsureHeld(held, connection, epoch);
    }

    /// <summary>
    /// The statement of <see cref="RequireAsync"/>, to be one of a batch whose other statements may only last if it found
    /// the lease: <see cref="EnsureHeld"/> is to follow.
    /// </summary>
    internal static NpgsqlBatchCommand Require(StorageSession session, ConnectionId connection, long epoch) => session.Of(
        """
        SELECT 1 FROM connection_runtime
        WHERE tenant_id = $1 AND connection_id = $2 AND lease_epoch = $3 AND lease_until > clock_timestamp() FOR KEY SHARE
        """,
        Sql.P(connection.Value), Sql.P(epoch));

    /// <summary>What <see cref="Require"/> found.</summary>
    /// <exception cref="LeaseLostException">The lease is not held under this epoch.</exception>
    internal static void EnsureHeld(NpgsqlBatchCommand required, ConnectionId connection, long epoch)
    {
        if (required.Rows == 0)
        {
            throw new LeaseLostException($"Connection {connection.Value} is not leased under epoch {epoch} any more.");
        }
    }

    private async Task<bool> ChangeAsync(
        TenantId tenant, ConnectionId connection, long epoch, string until, TimeSpan duration, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var changed = await session.ExecuteAsync(
            session.Of(
                $"""
                UPDATE connection_runtime SET lease_until = {until}
                WHERE tenant_id = $1 AND connection_id = $2 AND lease_epoch = $3 AND lease_until > clock_timestamp()
                """,
                Sql.P(connection.Value), Sql.P(epoch), Sql.P(duration)),
            ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return changed == 1;
    }
}
