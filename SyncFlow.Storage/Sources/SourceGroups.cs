using System.Globalization;
using SyncFlow.Core;
using SyncFlow.Storage.Inbox;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources;

/// <summary>
/// Events that were taken in together, put together by SKU: all that is told of a SKU comes into the ledger in one
/// transaction, so that channels see the last state of it and none on the way there.
/// </summary>
public sealed class SourceGroups
{
    /// <summary>Events of one inbox event.</summary>
    private const int MostInOne = 10_000;

    private readonly SortedDictionary<long, List<SourceEventBody>> _bySku = [];

    /// <summary>Inbox events that were stored.</summary>
    public int Stored { get; private set; }

    internal void Add(SourceEventBody body)
    {
        if (!_bySku.TryGetValue(body.SkuId, out var list))
        {
            _bySku[body.SkuId] = list = [];
        }

        list.Add(body);
    }

    /// <summary>What the names of a SKU's groups hold.</summary>
    internal static string Mark(long sku) => sku.ToString(CultureInfo.InvariantCulture);

    /// <summary>Stores them; they are there when the session commits.</summary>
    /// <param name="name">What they came in, unique among all that the source ever told.</param>
    internal async Task StoreAsync(StorageSession session, ConnectionId connection, string name, DateTimeOffset at, CancellationToken ct)
    {
        var events = _bySku.SelectMany(of => of.Value.Chunk(MostInOne).Select((chunk, i) => new InboxEvent(
            session.Tenant, connection, "events", NameOf(name, of.Key, i), null, chunk.Max(b => b.OccurredAt), at, null, SourceContents.Events,
            SourceContents.Write(chunk)))).ToList();
        foreach (var some in events.Chunk(SourceBatch.MostEvents))
        {
            Stored += (await InboxStore.AppendNewAsync(session, some, ct).ConfigureAwait(false)).Count;
        }
    }

    /// <summary>Notes that some wait. Needs the source's lock.</summary>
    internal Task NoteAsync(StorageSession session, ConnectionId connection, CancellationToken ct) => Stored == 0
        ? Task.CompletedTask
        : session.ExecuteAsync(
            session.Of("UPDATE sources SET groups_wait = true WHERE tenant_id = $1 AND connection_id = $2 AND NOT groups_wait", Sql.P(connection.Value)), ct);

    /// <summary>It begins with a space, as no id of an event does: what a source calls its own can never be one.</summary>
    private static string NameOf(string name, long sku, int chunk) => string.Create(CultureInfo.InvariantCulture, $" {name}:{Mark(sku)}:{chunk}");
}
