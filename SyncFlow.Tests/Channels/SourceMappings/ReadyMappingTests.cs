using System.Globalization;
using System.Text.Json;
using Shouldly;
using SyncFlow.Channels.Csv;
using SyncFlow.Channels.Sources.Files;
using SyncFlow.Channels.Sources.Mapping;
using SyncFlow.Core.Checks;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Sources;
using Xunit;

namespace SyncFlow.Tests.Channels.SourceMappings;

/// <summary>Each ready mapping makes the expected events of its documented sample (docs/samples).</summary>
public sealed class ReadyMappingTests
{
    [Fact]
    public void Every_mapping_that_comes_with_the_product_is_sound()
    {
        ReadyMappings.Names.ShouldBe(
            ["cin7-stock", "dynamics-inventory-transactions", "netsuite-inventory-adjustment", "oracle-material-transactions", "sap-material-document"]);
        foreach (var name in ReadyMappings.Names)
        {
            var check = new Check();
            MappingReader.Read(Json(ReadyMappings.Find(name)!), check);
            check.Fields.ShouldBeEmpty(name);
        }
    }

    [Fact]
    public void Material_documents_of_SAP() => OfDocument("sap-material-document", "sap-material-documents.json").ShouldBe(
    [
        "2026-5000000101-1 TENT-2P@1000/0001 100 2026-11-20T08:00:05", "2026-5000000101-2 TENT-2P@1000/0002 40 2026-11-20T08:00:05",
        "2026-5000000102-1 TENT-2P@1000/0001 -5 2026-11-20T08:10:00",
        "2026-4900000201-1 TENT-2P@1000/0001 -2 2026-11-20T09:00:00", "2026-4900000201-2 TENT-2P@1000/0001 -10 2026-11-20T09:00:00",
        "2026-4900000301-1 TENT-2P@1000/0001 -20 2026-11-20T09:30:00", "2026-4900000301-1/2 TENT-2P@2000/0001 20 2026-11-20T09:30:00",
        "2026-4900000311-1 TENT-2P@1000/0001 -3 2026-11-20T10:02:11", "2026-4900000311-1/2 TENT-2P@1000/0002 3 2026-11-20T10:02:11",
        "2026-4900000344-1 TENT-2P@1000/0001 4 unavailable 2026-11-20T10:30:00", "2026-4900000344-2 TENT-2P@1000/0001 -1 unavailable 2026-11-20T10:30:00",
        "2026-4900000551-1 TENT-2P@1000/0001 -1 2026-11-20T11:00:00",
        "2026-4900000551-2 TENT-2P@1000/0001 -2 2026-11-20T11:00:00", "2026-4900000551-2/2 TENT-2P@1000/0001 -2 unavailable 2026-11-20T11:00:00",
        "2026-4900000601-1 TENT-2P@1000/0001 -6 2026-11-20T12:00:00", "2026-4900000601-2 TENT-2P@1000/0001 1 2026-11-20T12:00:00",
        "2026-4900000701-1 TENT-2P@1000/0001 2 2026-11-20T13:00:00", "2026-4900000701-2 TENT-2P@1000/0002 -1 2026-11-20T13:00:00",
    ]);

    [Fact]
    public async Task Material_transactions_of_Oracle() => (await OfFileAsync("oracle-material-transactions")).ShouldBe(
    [
        "91001 TENT-2P@M1/FGI 120 2026-11-20T08:00:00", "91002 TENT-2P@M1/FGI -30 2026-11-20T08:30:00", "91003 TENT-2P@M1/SHOP 30 2026-11-20T08:30:00",
        "91004 TENT-2P@M1/FGI -7 2026-11-20T09:15:42", "91005 TENT-2P@M1/FGI 1 2026-11-20T10:00:00", "91007 TENT-2P@M1/SHOP -2 2026-11-20T11:00:00",
        "91008 TENT-2P@M1/FGI 25 2026-11-20T12:00:00",
    ]);

    [Fact]
    public void Inventory_adjustments_of_NetSuite() => OfDocument("netsuite-inventory-adjustment", "netsuite-inventory-adjustment.json").ShouldBe(
        ["20417-1 TENT-2P@East warehouse -3 2026-11-20T10:02:00", "20417-2 TENT-4P@East warehouse 5 2026-11-20T10:02:00"]);

    [Fact]
    public void Inventory_transactions_of_Dynamics() => OfDocument("dynamics-inventory-transactions", "dynamics-inventory-transactions.json").ShouldBe(
    [
        "5637144576 TENT-2P@1/13 50 2026-11-20T10:02:11", "5637144577 TENT-2P@1/13 -4 2026-11-20T10:02:11",
        "5637144577 TENT-2P@1/13 -4 2026-11-21T09:00:00", // The same id: known as told before.
        "5637144580 TENT-2P@1/24 1 2026-11-20T10:02:11",
    ]);

    [Fact]
    public async Task Stock_lists_like_those_of_Cin7() => (await OfFileAsync("cin7-stock")).ShouldBe(
    [
        "stock-1-TENT-2P-2026-11-20T13:30:44.518448+13:00 TENT-2P@Main Branch =40-1 2026-11-20T00:30:44",
        "stock-2-TENT-2P-2026-11-20T09:00:00Z TENT-2P@City Store =5- 2026-11-20T09:00:00",
        "stock-1-TENT-4P-2026-11-20T08:00:00Z TENT-4P@Main Branch =0-0 2026-11-20T08:00:00",
    ]);

    [Fact]
    public void A_movement_type_that_nobody_mapped_is_refused_by_its_name()
    {
        var text = File.ReadAllText(Sample("sap-material-documents.json")).Replace("\"602\"", "\"Z99\"", StringComparison.Ordinal);
        var mapping = ReadyMappings.Read("sap-material-document", null)!;
        var wrong = JsonRecord.Of(Json(text), mapping.Records).Select(mapping.Read).Single(r => r.Errors.Count > 0);
        wrong.Errors.ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            e => e.Key.ShouldBe("GoodsMovementType"), e => e.Value.Single().ShouldContain("Z99"));
        wrong.Events.ShouldBeEmpty();
    }

    private static IEnumerable<string> OfDocument(string name, string sample)
    {
        var mapping = ReadyMappings.Read(name, null)!;
        var read = JsonRecord.Of(Json(File.ReadAllText(Sample(sample))), mapping.Records).Select(mapping.Read).ToList();
        read.SelectMany(r => r.Errors).ShouldBeEmpty();
        return read.SelectMany(r => r.Events).Select(Line);
    }

    private static async Task<List<string>> OfFileAsync(string name)
    {
        await using var bytes = new HashingStream(File.OpenRead(Sample(name + ".csv")));
        var lines = new List<string>();
        await foreach (var chunk in SourceFileReader.ReadAsync(bytes, SourceFileFormat.History(ReadyMappings.Read(name, null)), 1, TestContext.Current.CancellationToken))
        {
            chunk.Errors.ShouldBeEmpty();
            lines.AddRange(chunk.Rows.Select(r => Line(r.Event)));
        }

        return lines;
    }

    private static string Line(SourceEvent e) => string.Create(
        CultureInfo.InvariantCulture,
        $"{e.Id} {e.Item}@{e.Place} {(e.Type == SourceEventType.Position ? $"={e.OnHand}-{e.Unavailable}" : e.Units)}{(e.Bucket == Bucket.Unavailable ? " unavailable" : "")} {e.OccurredAt:yyyy-MM-ddTHH:mm:ss}");

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private static string Sample(string file) => Path.Combine(Architecture.Sources.Root, "docs", "samples", file);
}
