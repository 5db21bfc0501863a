using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources;

/// <summary>Hands kept events to the inbox once it is known what they speak of.</summary>
/// <param name="source">Acts as the api role or the worker role.</param>
/// <param name="time">The clock.</param>
public sealed class HeldRelease(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Tenants that have events kept. Needs the role worker.</summary>
    public async Task<IReadOnlyList<TenantId>> TenantsAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT tenants_with_held_events()");
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        return await StorageSession.ReadAsync(reader, row => new TenantId(row.GetInt64(0)), ct).ConfigureAwait(false);
    }

    /// <summary>Releases what can be booked now of all of a tenant's sources; returns how many events.</summary>
    public async Task<int> RunAsync(TenantId tenant, CancellationToken ct)
    {
        var (released, more) = (0, true);
        while (more)
        {
            (var some, more) = await NextAsync(tenant, ct).ConfigureAwait(false);
            released += some;
        }

        return released;
    }

    /// <summary>Releases the next events of each of a tenant's sources.</summary>
    /// <returns>How many, and whether more may be there.</returns>
    public async Task<(int Released, bool More)> NextAsync(TenantId tenant, CancellationToken ct)
    {
        var (released, more) = (0, false);
        foreach (var connection in await SourcesAsync(tenant, ct).ConfigureAwait(false))
        {
            var some = await RunAsync(tenant, connection, ct).ConfigureAwait(false);
            (released, more) = (released + some, more || some == SourceBatch.MostEvents);
        }

        return (released, more);
    }

    private async Task<List<ConnectionId>> SourcesAsync(TenantId tenant, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of("SELECT DISTINCT connection_id FROM held_events WHERE tenant_id = $1 AND released_at IS NULL"),
            row => new ConnectionId(row.GetInt64(0)), ct).ConfigureAwait(false);
    }

    private async Task<int> RunAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        if (await SourceSettingsRows.LockAsync(session, connection, ct).ConfigureAwait(false) is not { } settings)
        {
            return 0;
        }

        var held = await session.QueryAsync(
            HeldRows.Mapped(session, connection, SourceBatch.MostEvents),
            row => (Id: row.GetInt64(0), Event: SourceContents.Read<SourceEvent>(row.GetFieldValue<byte[]>(1))), ct).ConfigureAwait(false);
        if (held.Count > 0)
        {
            var at = DatabaseTime.Now(time);
            var bodies = new SourceBodies(settings, await SourceSettingsRows.BeginningsAsync(session, ct).ConfigureAwait(false));
            var map = await SourceMap.ReadAsync(
                session, connection, [.. held.Select(h => h.Event.Item)], [.. held.Select(h => h.Event.Place)], ct).ConfigureAwait(false);
            await InboxStore.AppendNewAsync(session, held.ConvertAll(h => bodies.Event(tenant, h.Event, map, at)), ct).ConfigureAwait(false);
            await session.ExecuteAsync(HeldRows.Release(session, [.. held.Select(h => h.Id)], at), ct).ConfigureAwait(false);
        }

        await session.CommitAsync(ct).ConfigureAwait(false);
        return held.Count;
    }
}
