using Npgsql;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Identity;

/// <summary>When a key was last used.</summary>
public readonly record struct KeyUse(long TenantId, long ApiKeyId, DateTimeOffset At);

/// <summary>
/// Finds who holds a secret. Only SHA-256 of secrets are stored; they have 128 bits or more, so that they cannot be
/// guessed from it.
/// </summary>
/// <param name="source">Acts as the api role; the lookup is a function of the owner's, since the tenant is not known yet.</param>
public sealed class CallerStore(NpgsqlDataSource source)
{
    /// <summary>Where every change of a caller is told, with the tenant's number as payload.</summary>
    public const string ChangesChannel = "syncflow_callers";

    /// <summary>The holder of the secret with a hash, or null. Whether it has expired is the caller's to judge.</summary>
    /// <remarks>The index compares hashes, not secrets: how long it takes says nothing about the secret.</remarks>
    public async Task<CallerRecord?> FindAsync(byte[] hash, CancellationToken ct)
    {
        await using var command = source.CreateCommand(
            "SELECT tenant_id, caller_kind, caller_id, name, role, scopes, location_ids, expires_at FROM find_caller($1)");
        command.Parameters.Add(Sql.P(hash));
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await reader.ReadAsync(ct).ConfigureAwait(false)
            ? new CallerRecord(
                reader.GetInt64(0), (CallerKind)reader.GetInt16(1), reader.GetInt64(2), reader.GetString(3), reader.Text(4),
                reader.GetFieldValue<string[]>(5), reader.IsDBNull(6) ? null : reader.GetFieldValue<long[]>(6), reader.Nullable<DateTimeOffset>(7))
            : null;
    }

    /// <summary>Notes when keys were last used, of all tenants in one statement.</summary>
    public async Task NoteUsesAsync(IReadOnlyList<KeyUse> uses, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(uses);
        await using var command = source.CreateCommand("SELECT note_key_uses($1, $2, $3)");
        command.Parameters.Add(Sql.Column(uses, u => u.TenantId));
        command.Parameters.Add(Sql.Column(uses, u => u.ApiKeyId));
        command.Parameters.Add(Sql.Column(uses, u => DatabaseTime.Of(u.At)));
        await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Tells of changed callers until the connection breaks or <paramref name="ct"/> ends it.</summary>
    /// <param name="listening">Called once nothing can be missed any more.</param>
    /// <param name="changed">Called with the tenant of every change; null where the payload is not a number.</param>
    /// <param name="lookEvery">How often the connection is tried while nothing is told.</param>
    /// <param name="ct">Ends the listening.</param>
    public async Task ListenAsync(Action listening, Action<long?> changed, TimeSpan lookEvery, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(listening);
        ArgumentNullException.ThrowIfNull(changed);
        await using var connection = await source.OpenConnectionAsync(ct).ConfigureAwait(false);
        connection.Notification += (_, told) => changed(long.TryParse(told.Payload, out var tenant) ? tenant : null);
        await using (var listen = new NpgsqlCommand($"LISTEN {ChangesChannel}", connection))
        {
            await listen.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        }

        try
        {
            listening();
            while (true)
            {
                if (!await connection.WaitAsync(lookEvery, ct).ConfigureAwait(false))
                {
                    // A connection that died silently would leave the ears open and hear nothing.
                    await using var look = new NpgsqlCommand("SELECT 1", connection);
                    await look.ExecuteScalarAsync(ct).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            await StopListeningAsync(connection).ConfigureAwait(false);
        }
    }

    /// <summary>The pool hands the connection on as it is.</summary>
    private static async Task StopListeningAsync(NpgsqlConnection connection)
    {
        if (connection.FullState == System.Data.ConnectionState.Open)
        {
            await using var stop = new NpgsqlCommand("UNLISTEN *", connection);
            await stop.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }
}
