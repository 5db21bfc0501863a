using Npgsql;

namespace SyncFlow.Storage.Availability;

/// <summary>Which transactions changed settings that available-to-sell is made of.</summary>
/// <param name="source">Acts as the worker role.</param>
public sealed class SettingChanges(NpgsqlDataSource source)
{
    /// <summary>Forgets, of all tenants, those from before anything that is kept was computed; returns how many.</summary>
    public async Task<long> ForgetAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT forget_setting_changes()");
        return (long)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
    }
}
