using SyncFlow.Core.Sources;

namespace SyncFlow.Storage.Sources;

/// <summary>Receives a source's file, whichever way it comes: its rows are kept as they are read, and nothing is booked before all of it is in.</summary>
public sealed class SourceFileReceiver(SourceFileDesk desk)
{
    private const int MostErrors = 100;

    /// <summary>Receives a file. One whose reading fails is broken off, and none of it is booked.</summary>
    /// <param name="by">Who sent it.</param>
    /// <param name="read">Reads it, given its number.</param>
    /// <param name="hash">By what it is known when it is sent again, once it is read.</param>
    /// <param name="leftOut">Makes the event of a position that a full refresh leaves out; null for history.</param>
    /// <returns>The file it is, and whether it was sent before.</returns>
    public async Task<(long File, bool Repeated)> ReceiveAsync(
        long tenant, long source, SourceFileKind kind, string by, Func<long, IAsyncEnumerable<FileChunk>> read, Func<byte[]> hash,
        Func<long, string, string, int, SourceEvent>? leftOut, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(hash);
        var file = await desk.BeginAsync(tenant, source, kind, by, ct).ConfigureAwait(false);
        var whole = false;
        try
        {
            var broken = 0;
            var errors = new List<FileError>();
            await foreach (var chunk in read(file).WithCancellation(ct).ConfigureAwait(false))
            {
                broken += chunk.Broken;
                errors.AddRange(chunk.Errors.Take(MostErrors - errors.Count));
                foreach (var rows in chunk.Rows.Chunk(SourceBatch.MostEvents))
                {
                    await desk.AddAsync(tenant, file, rows, ct).ConfigureAwait(false);
                }
            }

            var received = await desk.CompleteAsync(
                tenant, source, file, hash(), broken, errors, leftOut is null ? null : (item, place, n) => leftOut(file, item, place, n), ct).ConfigureAwait(false);
            whole = true;
            return received;
        }
        finally
        {
            if (!whole)
            {
                await desk.BreakAsync(tenant, file, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }
}
