using System.Security.Cryptography;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Secrets;

/// <summary>What a rotation came to.</summary>
/// <param name="Resealed">Secrets that were sealed anew under the current key.</param>
/// <param name="Current">Secrets that were under it already.</param>
/// <param name="Unreadable">Places of secrets that no configured key opens; they were left as they are.</param>
public sealed record RotationReport(int Resealed, int Current, IReadOnlyList<string> Unreadable);

/// <summary>
/// Seals every stored secret anew under the current master key, while the product runs. A secret that a process replaces
/// meanwhile is left to that process, which seals with the current key too; so after a rotation without unreadable
/// secrets the older keys may go.
/// </summary>
/// <param name="source">Acts as the owner role: secrets of all tenants.</param>
public sealed class SecretRotation(NpgsqlDataSource source, CredentialVault vault)
{
    /// <summary>Secrets read at a time.</summary>
    private const int PageSize = 500;

    /// <summary>Every column that holds sealed secrets, with the purpose they are sealed for.</summary>
    private static readonly SecretColumn[] Columns =
    [
        new("connections", "connection_id", "credential", SecretOwner.CredentialPurpose),
        new("connections", "connection_id", "webhook_secret", SecretOwner.WebhookPurpose),
        new("connections", "connection_id", "webhook_secret_before", SecretOwner.WebhookPurpose),
    ];

    /// <summary>Rotates all of them. It may be stopped and run again at any time.</summary>
    public async Task<RotationReport> RunAsync(CancellationToken ct)
    {
        var (resealed, current) = (0, 0);
        var unreadable = new List<string>();
        foreach (var column in Columns)
        {
            for (var after = (Tenant: 0L, Id: 0L); ;)
            {
                var page = await PageAsync(column, after.Tenant, after.Id, ct).ConfigureAwait(false);
                foreach (var row in page)
                {
                    if (vault.IsCurrent(row.Sealed))
                    {
                        current++;
                    }
                    else if (Reseal(column, row) is { } anew)
                    {
                        resealed += await StoreAsync(column, row, anew, ct).ConfigureAwait(false);
                    }
                    else
                    {
                        unreadable.Add($"{column.Table}.{column.Name} of tenant {row.Tenant}, id {row.Id}");
                    }
                }

                if (page.Count < PageSize)
                {
                    break;
                }

                after = (page[^1].Tenant, page[^1].Id);
            }
        }

        return new RotationReport(resealed, current, unreadable);
    }

    private byte[]? Reseal(SecretColumn column, Row row)
    {
        var owner = new SecretOwner(new TenantId(row.Tenant), column.Purpose, row.Id);
        try
        {
            return vault.Seal(owner, vault.Open(owner, row.Sealed));
        }
        catch (CryptographicException)
        {
            return null; // Reported by its place.
        }
    }

    private async Task<List<Row>> PageAsync(SecretColumn column, long tenant, long id, CancellationToken ct)
    {
        await using var command = Command(
            $"""
            SELECT tenant_id, {column.Id}, {column.Name} FROM {column.Table}
            WHERE {column.Name} IS NOT NULL AND (tenant_id, {column.Id}) > ($1, $2) ORDER BY tenant_id, {column.Id} LIMIT {PageSize}
            """,
            Sql.P(tenant), Sql.P(id));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(
            reader, row => new Row(row.GetInt64(0), row.GetInt64(1), row.GetFieldValue<byte[]>(2)), ct).ConfigureAwait(false);
    }

    private async Task<int> StoreAsync(SecretColumn column, Row row, byte[] anew, CancellationToken ct)
    {
        await using var command = Command(
            $"UPDATE {column.Table} SET {column.Name} = $4 WHERE tenant_id = $1 AND {column.Id} = $2 AND {column.Name} = $3",
            Sql.P(row.Tenant), Sql.P(row.Id), Sql.P(row.Sealed), Sql.P(anew));
        return await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    private NpgsqlCommand Command(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
#pragma warning disable CA2100 // The names are constants of this class; what was read is a parameter.
        var command = source.CreateCommand(sql);
#pragma warning restore CA2100
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private sealed record SecretColumn(string Table, string Id, string Name, string Purpose);

    private sealed record Row(long Tenant, long Id, byte[] Sealed);
}
