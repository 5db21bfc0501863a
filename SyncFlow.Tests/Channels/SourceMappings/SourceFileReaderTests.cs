using System.Globalization;
using System.Text;
using Shouldly;
using SyncFlow.Channels.Csv;
using SyncFlow.Channels.Sources.Files;
using SyncFlow.Core.Sources;
using Xunit;

namespace SyncFlow.Tests.Channels.SourceMappings;

/// <summary>Files as sources really write them.</summary>
public sealed class SourceFileReaderTests
{
    private const string Header = "id,type,sku,location,occurredAt,units\n";

    [Theory]
    [InlineData("2026-11-20T10:02:11Z", true)]
    [InlineData("2026-11-20T12:02:11.5+02:00", true)]
    [InlineData("2026-11-20 10:02:11", true)]
    [InlineData("20.11.2026 10:02:11", true)]
    [InlineData("20261120100211", true)]
    [InlineData("1795168931", true)]
    [InlineData("1795168931000", true)]
    [InlineData("20/11/2026", false)]
    [InlineData("11/12/2026", false)]
    [InlineData("45982.4182", false)]
    [InlineData("2026-02-30T10:00:00Z", false)]
    [InlineData("yesterday", false)]
    public async Task Dates_in_every_form_are_read_or_named_and_never_guessed(string date, bool read)
    {
        var chunk = (await ReadAsync(Encoding.UTF8.GetBytes($"{Header}m1,movement,A,1000,{date},1\nm2,movement,A,1000,2026-11-20T10:02:11Z,1\n"))).Single();
        chunk.Rows.Count.ShouldBe(read ? 2 : 1);
        chunk.Errors.Select(e => $"{e.Line} {e.Column}").ShouldBe(read ? [] : ["2 occurredAt"]);
    }

    [Theory]
    [InlineData("5", true)]
    [InlineData("-5.0", true)]
    [InlineData("12 pcs", false)]
    [InlineData("1.5", false)]
    [InlineData("1e3", false)]
    [InlineData("=1+1", false)]
    [InlineData("99999999999", false)]
    public async Task Quantities_as_texts_are_whole_numbers_or_named(string units, bool read)
    {
        var chunk = (await ReadAsync(Encoding.UTF8.GetBytes($"{Header}m1,movement,A,1000,2026-11-20T10:02:11Z,\"{units}\"\n"))).Single();
        (chunk.Rows.Count, chunk.Broken).ShouldBe(read ? (1, 0) : (0, 1));
        chunk.Errors.ShouldAllBe(e => e.Line == 2 && e.Column == "units");
    }

    [Fact]
    public async Task A_file_may_say_that_it_is_UTF_8_and_one_in_another_encoding_is_refused()
    {
        const string row = "\"id\",type,sku,location,occurredAt,units\nm1,movement,Ä,1000,2026-11-20T10:02:11Z,1\n";
        byte[] marked = [.. Encoding.UTF8.GetPreamble(), .. Encoding.UTF8.GetBytes(row)];
        (await ReadAsync(marked)).SelectMany(c => c.Rows).ShouldHaveSingleItem().Event.Item.ShouldBe("Ä");
        foreach (var encoding in new[] { Encoding.Latin1, Encoding.Unicode, Encoding.BigEndianUnicode })
        {
            byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes(row)];
            (await Should.ThrowAsync<CsvRefusedException>(() => ReadAsync(bytes))).Fields.Keys.ShouldBe(["file"]);
        }
    }

    [Fact]
    public async Task Of_a_file_that_is_broken_through_and_through_little_is_held_at_a_time()
    {
        var text = string.Concat(Enumerable.Range(1, 5_000).Select(n => string.Create(CultureInfo.InvariantCulture, $"m{n},movement,A,1000,never,some\n")));
        var chunks = await ReadAsync(Encoding.UTF8.GetBytes(Header + text));
        chunks.Sum(c => c.Broken).ShouldBe(5_000);
        chunks.ShouldAllBe(c => c.Broken <= 1_000);
    }

    private static async Task<List<FileChunk>> ReadAsync(byte[] file)
    {
        await using var bytes = new HashingStream(new MemoryStream(file));
        var chunks = new List<FileChunk>();
        await foreach (var chunk in SourceFileReader.ReadAsync(bytes, SourceFileFormat.History(null), 1, TestContext.Current.CancellationToken))
        {
            chunks.Add(chunk);
        }

        return chunks;
    }
}
