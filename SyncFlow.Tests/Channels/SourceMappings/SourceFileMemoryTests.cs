using System.Globalization;
using System.Text;
using Shouldly;
using SyncFlow.Channels.Csv;
using SyncFlow.Channels.Sources.Files;
using Xunit;

namespace SyncFlow.Tests.Channels.SourceMappings;

/// <summary>Runs alone: what it weighs is all that this process holds.</summary>
[CollectionDefinition(nameof(SourceFileMemoryTests), DisableParallelization = true)]
public sealed class SourceFileMemoryRuns;

/// <summary>How much of a file is held while it is read.</summary>
[Collection(nameof(SourceFileMemoryTests))]
public sealed class SourceFileMemoryTests
{
    private const string Header = "id,type,sku,location,occurredAt,units\n";

    /// <summary>A quarter of the largest file: what is kept of it must not grow with it.</summary>
    [Fact]
    public async Task A_large_file_is_read_as_a_stream()
    {
        const long size = SourceFileReader.MostBytes / 4;
        await using var bytes = new HashingStream(new Rows(size));
        var (rows, most) = (0L, 0L);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await foreach (var chunk in SourceFileReader.ReadAsync(bytes, SourceFileFormat.History(null), 1, TestContext.Current.CancellationToken))
        {
            rows += chunk.Rows.Count;
            most = rows % 100_000 < chunk.Rows.Count ? Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before) : most;
        }

        rows.ShouldBeGreaterThan(size / 200);
        most.ShouldBeLessThan(16 << 20);
    }

    /// <summary>A file of so many bytes, made as it is read.</summary>
    private sealed class Rows(long size) : Stream
    {
        private readonly string _filler = new('x', 120);
        private byte[] _row = Encoding.UTF8.GetBytes(Header);
        private int _at;
        private long _read;
        private int _number;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => _read; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (_at == _row.Length)
            {
                if (_read >= size)
                {
                    return 0;
                }

                (_row, _at) = (Encoding.UTF8.GetBytes(string.Create(
                    CultureInfo.InvariantCulture, $"m{++_number},movement,{_filler},1000,2026-11-20T10:02:11Z,1\n")), 0);
            }

            var some = Math.Min(count, _row.Length - _at);
            _row.AsSpan(_at, some).CopyTo(buffer.AsSpan(offset));
            (_at, _read) = (_at + some, _read + some);
            return some;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
