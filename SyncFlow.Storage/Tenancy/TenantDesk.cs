using Npgsql;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Tenancy;

/// <summary>A tenant as its own people see it.</summary>
/// <param name="DeletionDueAt">When everything of it is deleted; null where nobody asked for that.</param>
public sealed record TenantView(long Id, string Name, DateTimeOffset CreatedAt, DateTimeOffset? DeletionAskedAt, string? DeletionAskedBy, DateTimeOffset? DeletionDueAt);

/// <summary>A step of a tenant's erasure.</summary>
/// <param name="Table">Whose rows went.</param>
/// <param name="Rows">How many.</param>
/// <param name="IsDone">Whether nothing is left.</param>
public sealed record ErasureStep(long Tenant, string Table, long Rows, bool IsDone);

/// <summary>The tenant as a whole: its quotas and its end.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class TenantDesk(NpgsqlDataSource source, TimeProvider time)
{
    private const string Columns = "SELECT tenant_id, name, created_at, deletion_asked_at, deletion_asked_by, deletion_due_at FROM tenants WHERE tenant_id = $1";

    private const string Own = "(SELECT most FROM tenant_quotas WHERE tenant_id = $1 AND quota = $3)";

    /// <summary>The tenant.</summary>
    public async Task<TenantView> FindAsync(long tenant, CancellationToken ct) => (await source.FirstAsync(
        tenant,
        Columns,
        row => new TenantView(row.GetInt64(0), row.GetString(1), row.Time(2), row.TimeOrNull(3), row.Text(4), row.TimeOrNull(5)),
        [],
        ct).ConfigureAwait(false))!;

    /// <summary>What the tenant has and may have.</summary>
    public async Task<List<QuotaUse>> UseAsync(long tenant, CancellationToken ct)
    {
        var all = new List<QuotaUse>();
        foreach (var quota in Enum.GetValues<Quota>())
        {
            all.Add(await UseAsync(tenant, quota, ct).ConfigureAwait(false));
        }

        return all;
    }

    /// <summary>How much of something the tenant has and may have.</summary>
    public async Task<QuotaUse> UseAsync(long tenant, Quota quota, CancellationToken ct) => (await source.FirstAsync(
        tenant,
        CountOf(quota),
        row => new QuotaUse(quota, row.GetInt64(0), row.LongOrNull(1) ?? Quotas.Usual(quota)),
        [time.GetUtcNow(), quota.ToString()],
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

    /// <summary>Keys and people count while they can come in, stores until they are closed.</summary>
    private static string CountOf(Quota quota) => quota switch
    {
        Quota.Connections => "SELECT count(*), " + Own + " FROM connections WHERE tenant_id = $1 AND status <> 7 AND $2::timestamptz IS NOT NULL",
        Quota.Locations => "SELECT count(*), " + Own + " FROM locations WHERE tenant_id = $1 AND $2::timestamptz IS NOT NULL",
        Quota.Users => "SELECT count(*), " + Own + " FROM members WHERE tenant_id = $1 AND status <> 3 AND $2::timestamptz IS NOT NULL",
        Quota.ApiKeys => "SELECT count(*), " + Own + " FROM api_keys WHERE tenant_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)",
        Quota.StoreGroups => "SELECT count(*), " + Own + " FROM store_groups WHERE tenant_id = $1 AND $2::timestamptz IS NOT NULL",
        Quota.Skus => "SELECT count(*), " + Own + " FROM skus WHERE tenant_id = $1 AND $2::timestamptz IS NOT NULL",
        _ => throw new ArgumentOutOfRangeException(nameof(quota), quota, "Nobody counts it."),
    };

    /// <summary>
    /// Erases one batch of a tenant whose time has come, in a transaction of its own. What was done stays done: whoever
    /// calls next, here or in another process, goes on where the last one ended.
    /// </summary>
    /// <param name="most">Rows at most.</param>
    /// <returns>Null where no tenant is due.</returns>
    public async Task<ErasureStep?> EraseStepAsync(int most, CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenant, from_table, erased, is_done FROM erase_due_step($1)");
        command.CommandTimeout = 0; // Rows that hang together go in one step, however many they are.
        command.Parameters.Add(Sql.P(most));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await reader.ReadAsync(ct).ConfigureAwait(false)
            ? new ErasureStep(reader.GetInt64(0), reader.GetString(1), reader.GetInt64(2), reader.GetBoolean(3))
            : null;
    }
}
