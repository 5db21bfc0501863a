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

    /// <summary>Stores them; they are there when the session commits.</summary>
    /// <param name="name">What they came in, unique among all that the source ever told.</param>
    internal async Task StoreAsync(StorageSession session, ConnectionId connection, string name, DateTimeOffset at, CancellationToken ct)
    {
        var events = _bySku.Values.SelectMany(list => list.Chunk(MostInOne)).Select((chunk, i) => new InboxEvent(
            session.Tenant, connection, "events", string.Create(CultureInfo.InvariantCulture, $"{name}:{i}"), null, chunk.Max(b => b.OccurredAt), at, null,
            SourceContents.Events, SourceContents.Write(chunk))).ToList();
        foreach (var some in events.Chunk(SourceBatch.MostEvents))
        {
            Stored += (await InboxStore.AppendNewAsync(session, some, ct).ConfigureAwait(false)).Count;
        }
    }
}
