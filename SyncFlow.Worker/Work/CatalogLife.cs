using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Core.Engine;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Sessions;
using SyncFlow.Storage.Work;
using SyncFlow.Worker.Verifying;

namespace SyncFlow.Worker.Work;

/// <summary>What follows from a channel's catalog as stored: facts about mapped items, suggestions for new ones, notices.</summary>
internal sealed class CatalogLife(
    ItemDifferences differences, SuggestionStore suggestions, ChannelCatalogStore catalog, ChannelStore channels,
    InboxFeed feed, NpgsqlDataSource source, TimeProvider time)
{
    private static readonly TimeSpan PlacesEvery = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan CatalogEvery = TimeSpan.FromHours(1);

    private readonly WorkItemStore _work = new(time);
    private readonly ConcurrentDictionary<(TenantId, ConnectionId, WorkKind), DateTimeOffset> _asked = new();

    /// <summary>Messages get lost: places are read again every 15 minutes, and the whole catalog every hour.</summary>
    public async Task AskAgainAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var due = new[] { (Kind: WorkKind.RefreshLocations, Every: PlacesEvery), (Kind: WorkKind.RefreshCatalog, Every: CatalogEvery) }
            .Where(ask => _asked.GetOrAdd((tenant, connection, ask.Kind), now) + ask.Every <= now).ToList();
        if (due.Count == 0)
        {
            return;
        }

        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        await _work.AddAsync(session, [.. due.Select(ask => new WorkItem(connection, ask.Kind, "", now))], ct).ConfigureAwait(false);
        await session.CommitAsync(ct).ConfigureAwait(false);
        foreach (var (kind, _) in due)
        {
            _asked[(tenant, connection, kind)] = now;
        }
    }

    /// <summary>Looks at one connection. Doing it again changes nothing.</summary>
    public async Task FollowAsync(TenantId tenant, ConnectionId connection, CancellationToken ct)
    {
        var changed = await differences.ListAsync(tenant, connection, ct).ConfigureAwait(false);
        if (changed.Count > 0)
        {
            var now = time.GetUtcNow();
            await feed.StoreAsync(
                tenant,
                [
                    new InboxEvent(
                        tenant, connection, "catalog", $"items:{Guid.CreateVersion7(now)}", null, now, now, null,
                        InternalFacts.CatalogItems, InternalFacts.Body(changed)),
                ],
                ct).ConfigureAwait(false);
        }

        await suggestions.RefreshAsync(tenant, connection, ct).ConfigureAwait(false);
    }

    /// <summary>A notice for each mapped variant that was given another SKU text, closed where it has the old one again.</summary>
    public async Task NoticeRenamesAsync(
        TenantId tenant, ConnectionId connection, IReadOnlyCollection<string> variants, CancellationToken ct)
    {
        string Key(string variant) => string.Create(CultureInfo.InvariantCulture, $"sku-text:{connection.Value}:{variant}");
        var renamed = await catalog.RenamedAsync(tenant, connection, [.. variants], ct).ConfigureAwait(false);
        foreach (var item in renamed)
        {
            await channels.OpenIncidentAsync(
                tenant,
                new Incident(
                    Key(item.VariantRef), "sku-text-changed",
                    $"The shop calls this variant '{item.SkuText}' now; it stays mapped to '{item.MappedCode}' until you change that.",
                    connection, item.Sku, null, time.GetUtcNow()),
                ct).ConfigureAwait(false);
        }

        await channels.CloseIncidentsAsync(
            tenant, [.. variants.Except(renamed.Select(r => r.VariantRef), StringComparer.Ordinal).Select(Key)], ct).ConfigureAwait(false);
    }
}
