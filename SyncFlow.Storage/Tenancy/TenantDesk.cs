using Npgsql;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Tenancy;

/// <summary>A tenant as its own people see it.</summary>
/// <param name="DeletionDueAt">When everything of it is deleted; null where nobody asked for that.</param>
public sealed record TenantView(long Id, string Name, DateTimeOffset CreatedAt, DateTimeOffset? DeletionAskedAt, string? DeletionAskedBy, DateTimeOffset? DeletionDueAt);

/// <summary>The tenant as a whole: its quotas and its end.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class TenantDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const string Columns = "SELECT tenant_id, name, created_at, deletion_asked_at, deletion_asked_by, deletion_due_at FROM tenants WHERE tenant_id = $1";

    // Keys and people count while they can come in.
    private const string Counts =
        """
        SELECT (SELECT count(*) FROM connections WHERE tenant_id = $1 AND status <> 7),
          (SELECT count(*) FROM locations WHERE tenant_id = $1),
          (SELECT count(*) FROM members WHERE tenant_id = $1 AND status <> 3),
          (SELECT count(*) FROM api_keys WHERE tenant_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)),
          (SELECT count(*) FROM store_groups WHERE tenant_id = $1),
          (SELECT coalesce(jsonb_object_agg(quota, most), '{}')::text FROM tenant_quotas WHERE tenant_id = $1)
        """;

    private static readonly Quota[] InOrder = [Quota.Connections, Quota.Locations, Quota.Users, Quota.ApiKeys, Quota.StoreGroups];

    /// <summary>The tenant.</summary>
    public async Task<TenantView> FindAsync(long tenant, CancellationToken ct) => (await source.FirstAsync(
        tenant,
        Columns,
        row => new TenantView(row.GetInt64(0), row.GetString(1), row.Time(2), row.TimeOrNull(3), row.Text(4), row.TimeOrNull(5)),
        [],
        ct).ConfigureAwait(false))!;

    /// <summary>What the tenant has and may have.</summary>
    public async Task<List<QuotaUse>> UseAsync(long tenant, CancellationToken ct) => (await source.FirstAsync(
        tenant,
        Counts,
        row =>
        {
            var own = System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, long>>(row.GetString(InOrder.Length))!;
            return InOrder.Select((quota, i) => new QuotaUse(quota, row.GetInt64(i), own.TryGetValue(quota.ToString(), out var most) ? most : Quotas.Usual(quota))).ToList();
        },
        [time.GetUtcNow()],
        ct).ConfigureAwait(false))!;

    /// <summary>Sets what a tenant may have of something; for super admins.</summary>
    public async Task SetQuotaAsync(long tenant, Quota quota, long most, CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT set_quota($1, $2, $3)");
        command.Parameters.Add(Sql.P(tenant));
        command.Parameters.Add(Sql.P(quota.ToString()));
        command.Parameters.Add(Sql.P(most));
        await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Asks for the tenant's deletion after a time of grace; asked again it keeps the first moment.</summary>
    public async Task<TenantView> AskDeletionAsync(long tenant, string actor, TimeSpan grace, CancellationToken ct)
    {
        const string sql =
            """
            UPDATE tenants SET deletion_asked_at = $2, deletion_asked_by = $3, deletion_due_at = $4
            WHERE tenant_id = $1 AND deletion_asked_at IS NULL
            """;
        var now = DatabaseTime.Now(time);
        await source.ExecuteAsync(tenant, sql, [now, actor, now + grace], ct).ConfigureAwait(false);
        return await FindAsync(tenant, ct).ConfigureAwait(false);
    }

    /// <summary>Takes that back; false where nobody asked for it.</summary>
    public async Task<bool> CancelDeletionAsync(long tenant, CancellationToken ct) => await source.ExecuteAsync(
        tenant,
        "UPDATE tenants SET deletion_asked_at = NULL, deletion_asked_by = NULL, deletion_due_at = NULL WHERE tenant_id = $1 AND deletion_asked_at IS NOT NULL",
        [],
        ct).ConfigureAwait(false) == 1;

    /// <summary>Deletes the tenants whose time has come, each in a transaction of its own.</summary>
    /// <returns>Which.</returns>
    public async Task<List<long>> EraseDueAsync(CancellationToken ct)
    {
        var gone = new List<long>();
        while (true)
        {
            await using var command = source.CreateCommand("SELECT erase_due_tenant()");
            command.CommandTimeout = 0; // A large tenant's ledger takes its time.
            if (await command.ExecuteScalarAsync(ct).ConfigureAwait(false) is not long tenant)
            {
                return gone;
            }

            gone.Add(tenant);
        }
    }
}
