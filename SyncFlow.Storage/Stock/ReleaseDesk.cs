using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Facts;
using SyncFlow.Core.Levels;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Stock;

/// <summary>What became of a person's word that a stopped level may be written again.</summary>
public enum ReleaseResult
{
    /// <summary>It is read exactly next, and published again then.</summary>
    Done,

    /// <summary>The tenant has no such level.</summary>
    NoSuchLevel,

    /// <summary>It is at a location that the caller may not change.</summary>
    NotYourLocation,

    /// <summary>Writes to it are not stopped.</summary>
    NotStopped,

    /// <summary>No calls are made to its connection, so no reading could tell what it shows.</summary>
    ConnectionAway,
}

/// <summary>A level that was to be released, and what became of it.</summary>
/// <param name="Sku">Whose; null where there is no such level.</param>
/// <param name="Level">As it is now; null where there is none.</param>
/// <param name="Connection">How its connection stands; null where that is not known.</param>
public sealed record Release(ReleaseResult Result, SkuId? Sku, LevelState? Level, ConnectionStatus? Connection);

/// <summary>Gives levels free again that were halted (rule R5) or blocked (rule R10); told under the SKU's lock.</summary>
/// <param name="source">Acts as the api role.</param>
public sealed class ReleaseDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>Releases a level: its history and the audit log say by whom and why, and its incidents are closed.</summary>
    /// <param name="locations">Locations that the caller may change; null for all.</param>
    /// <param name="by">Who.</param>
    /// <param name="reason">Why it may be written again.</param>
    public async Task<Release> ReleaseAsync(
        long tenant, long level, IReadOnlyList<long>? locations, string by, string reason, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, new TenantId(tenant), ct).ConfigureAwait(false);
        var id = new LevelId(level);
        var owner = await session.QueryAsync(
            session.Of("SELECT sku_id FROM listing_levels WHERE tenant_id = $1 AND level_id = $2", Sql.P(level)),
            row => new SkuId(row.GetInt64(0)), ct).ConfigureAwait(false);
        var set = owner is [var sku] ? await StockStore.LoadSkusAsync(session, [sku], ct).ConfigureAwait(false) : null;
        if (set?.FindSku(id)?.FindLevel(id) is not { } stopped)
        {
            return new Release(ReleaseResult.NoSuchLevel, null, null, null);
        }

        ConnectionStatus? status = set.Context.Channels.TryGetValue(stopped.Connection, out var channel) ? channel.Status : null;
        if (locations is not null && !locations.Contains(stopped.Location.Value))
        {
            return new Release(ReleaseResult.NotYourLocation, owner[0], stopped, status);
        }

        if (!stopped.IsStopped)
        {
            return new Release(ReleaseResult.NotStopped, owner[0], stopped, status);
        }

        var now = DatabaseTime.Now(time);
        var key = string.Create(CultureInfo.InvariantCulture, $"release:{level}:{stopped.Generation}");
        var outcome = FactEngine.Apply(set, new LevelReleased(key, stopped.Connection, now, id, by, reason), now);
        if (outcome != FactOutcome.Applied)
        {
            return new Release(ReleaseResult.ConnectionAway, owner[0], stopped, status);
        }

        Replanner.Replan(set, now);
        await StockStore.SaveAsync(session, set, LevelReleased.CauseOf(by, reason), now, ct).ConfigureAwait(false);
        await session.ExecuteAsync(
            AuditEntry.Of(session, now, by, "level-release", string.Create(CultureInfo.InvariantCulture, $"listing_levels:{level}"), reason), ct)
            .ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        return new Release(ReleaseResult.Done, owner[0], set.FindSku(id)!.FindLevel(id), status);
    }
}
