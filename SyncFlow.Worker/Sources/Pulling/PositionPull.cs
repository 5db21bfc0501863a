using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SyncFlow.Channels.Sources;
using SyncFlow.Core.Faults;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sources;
using SyncFlow.Storage.Sources.Pulling;

namespace SyncFlow.Worker.Sources.Pulling;

/// <summary>
/// Asks a source for all of its positions and keeps them as a file's rows are kept: nothing is booked before the last page
/// is in, what they leave out has no units, and what would take away much waits for a person.
/// </summary>
internal sealed class PositionPull(SourceFileDesk files)
{
    /// <summary>Positions of one refresh by API; more come as a file.</summary>
    private const int MostRows = 500_000;

    private const int MostErrors = 100;

    private const string By = "pull";

    /// <summary>One full refresh.</summary>
    public async Task<PullEnd> RunAsync(PullSource pull, SourceApiClient client, CancellationToken ct)
    {
        var file = await files.BeginAsync(pull.Tenant.Value, pull.Connection.Value, SourceFileKind.FullRefresh, By, ct).ConfigureAwait(false);
        var whole = false;
        try
        {
            using var reading = new Reading(pull, file);
            string? cursor = null;
            do
            {
                var answer = await client.PageAsync(SourceFeed.Positions, null, cursor, pull.PageSize, ct).ConfigureAwait(false);
                if (!answer.Succeeded)
                {
                    return new PullEnd(answer.Fault);
                }

                if (reading.Take(answer.Value, cursor, out var rows) is { } fault)
                {
                    return new PullEnd(fault);
                }

                foreach (var some in rows.Chunk(SourceBatch.MostEvents))
                {
                    await files.AddAsync(pull.Tenant.Value, file, some, ct).ConfigureAwait(false);
                }

                cursor = answer.Value.Next;
            }
            while (cursor is not null);

            await files.CompleteAsync(
                pull.Tenant.Value, pull.Connection.Value, file, reading.Hash(), reading.Broken, reading.Errors, reading.LeftOut, ct).ConfigureAwait(false);
            whole = true;
            return new PullEnd(null, Contained: reading.Contained);
        }
        finally
        {
            if (!whole)
            {
                await files.BreakAsync(pull.Tenant.Value, file, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The pages of one refresh.</summary>
    private sealed class Reading(PullSource pull, long file) : IDisposable
    {
        private readonly PageWatch _watch = new(SourceValues.Tolerance(pull.Ordering));
        private readonly HashSet<UInt128> _seen = [];
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private SourcePage? _first;
        private int _rows;

        public List<FileError> Errors { get; } = [];

        public int Broken { get; private set; }

        /// <summary>Up to where all of them contain everything.</summary>
        public long? Contained => _first is null ? null : VersionOf(_first);

        public void Dispose() => _hash.Dispose();

        public byte[] Hash() => _hash.GetHashAndReset();

        /// <summary>What a position that is left out has, as of the first page.</summary>
        public SourceEvent LeftOut(string item, string place, int number) =>
            new(IdOf(-1 - number), SourceEventType.Position, item, place, _first!.AsOf!.Value, _first.Sequence);

        public ChannelFault? Take(SourcePage page, string? asked, out List<FileRow> rows)
        {
            rows = [];
            if (page.AsOf is null || pull.Ordering == SourceOrdering.Sequence != page.Sequence is not null)
            {
                return new ChannelFault(
                    ChannelFaultKind.Rejected, "NOT_A_PAGE", "asOf: when the positions were taken is needed, and a sequence where, and only where, the source is ordered so");
            }

            if (_first is not null && VersionOf(page) < VersionOf(_first))
            {
                return new ChannelFault(ChannelFaultKind.Rejected, "AS_OF_WENT_BACK", "a page was taken before the first one; all positions of a refresh are of one moment, or in order");
            }

            _first ??= page;
            _hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{page.Hash} {VersionOf(page)}\n")));
            var fresh = 0;
            foreach (var row in page.Positions(() => IdOf(++_rows)))
            {
                fresh += Add(row, rows);
            }

            return _rows > MostRows ? new ChannelFault(ChannelFaultKind.Rejected, "TOO_MANY_ROWS", $"more than {MostRows} positions; send them as a file")
                : _watch.Judge(new PageSeen(asked, page.Next, page.Count, fresh, page.Hash, null)) is { } wrong ? new ChannelFault(ChannelFaultKind.Rejected, wrong.Code, wrong.Message)
                : null;
        }

        private int Add(PulledRow row, List<FileRow> rows)
        {
            if (row is { Event: null, Errors.Count: 0 })
            {
                return 1; // By its mapping it is none of ours.
            }

            var errors = row.Event is null ? row.Errors.SelectMany(e => e.Value.Select(text => (Field: e.Key, Text: text))).ToList()
                : !_seen.Add(KeyOf(row.Event)) ? [("sku", "This SKU and location stand twice; the first counts.")]
                : [];
            if (errors.Count == 0)
            {
                rows.Add(new FileRow(_rows, row.Event!));
                return 1;
            }

            Broken++;
            Errors.AddRange(errors.Take(MostErrors - Errors.Count).Select(e => new FileError(_rows, e.Field, e.Text)));
            return row.Event is null ? 1 : 0;
        }

        private static long VersionOf(SourcePage page) => page.Sequence ?? SourceVersions.Of(0, page.AsOf!.Value);

        private string IdOf(int number) => string.Create(CultureInfo.InvariantCulture, $"file:{file}:{number}");

        /// <summary>Half a million texts are kept as sixteen bytes each.</summary>
        private static UInt128 KeyOf(SourceEvent one) => System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(
            SHA256.HashData(Encoding.UTF8.GetBytes($"{one.Item.ToUpperInvariant()}\n{one.Place}")));
    }
}
