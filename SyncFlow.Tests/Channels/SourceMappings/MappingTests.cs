using System.Text.Json;
using Shouldly;
using SyncFlow.Channels.Sources.Mapping;
using SyncFlow.Core.Checks;
using SyncFlow.Core.Sources;
using Xunit;

namespace SyncFlow.Tests.Channels.SourceMappings;

/// <summary>The language in which merchants say how their systems' records become events.</summary>
public sealed class MappingTests
{
    private const string Moves = """{"fields": {"id": "{no}", "type": "movement", "sku": "{item}", "location": "{plant}/{bin?}", "units": "{qty}", "occurredAt": "{at}"}""";

    [Theory]
    [InlineData("[]", "mapping")]
    [InlineData("{}", "fields fields.id fields.type fields.sku fields.location fields.occurredAt")]
    [InlineData(Moves + ""","colour": 1}""", "colour")]
    [InlineData(Moves + ""","numbers": {"decimal": ";"}}""", "numbers.decimal")]
    [InlineData(Moves + ""","times": {"zone": "Moon/Tranquility", "formats": ["HHmm"]}}""", "times.formats times.zone")]
    [InlineData(Moves + ""","only": [{"field": "", "in": []}]}""", "only[0].field only[0].in")]
    [InlineData(Moves + ""","cases": {"by": "{type", "of": {"1": [{"unit": "{q}"}]}, "else": "guess"}}""", "cases.by cases.else cases.of.1[0].unit")]
    [InlineData("""{"fields": {"id": 7, "type": "movement", "sku": "{}", "location": {"from": "{a}"}, "occurredAt": "{at}"}}""", "fields.id fields.sku fields.location.values")]
    public void What_is_wrong_with_a_mapping_is_named_by_member(string mapping, string members)
    {
        var check = new Check();
        MappingReader.Read(Json(mapping), check).ShouldBeNull();
        string.Join(' ', check.Fields.Keys.Order(StringComparer.Ordinal))
            .ShouldBe(string.Join(' ', members.Split(' ').Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData("2026-11-20T10:02:11Z", "2026-11-20 10:02:11")]
    [InlineData("2026-11-20T10:02:11+02:00", "2026-11-20 08:02:11")]
    [InlineData("2026-11-20 10:02:11.123456+00", "2026-11-20 10:02:11")]
    [InlineData("2026-11-20", "2026-11-20 00:00:00")]
    [InlineData("/Date(1795132800000)/", "2026-11-20 00:00:00")]
    [InlineData("/Date(1795132800000)/PT10H02M11S", "2026-11-20 10:02:11")]
    [InlineData("20.11.2026", null)]
    [InlineData("11/20/2026", null)]
    [InlineData("yesterday", null)]
    public void Times_without_a_form_of_their_own_are_ISO_or_OData(string text, string? utc) =>
        (Notation.Usual.TryTime(text, out var time) ? $"{time:yyyy-MM-dd HH:mm:ss}" : null).ShouldBe(utc);

    [Theory]
    [InlineData("20.11.2026 10:02", "2026-11-20 09:02")]
    [InlineData("20.07.2026 10:02", "2026-07-20 08:02")]
    [InlineData("29.03.2026 02:30", null)]
    [InlineData("2026-11-20T10:02:00Z", "2026-11-20 10:02")]
    public void Times_of_a_zone_are_its_clocks_and_the_hour_it_leaves_out_never_was(string text, string? utc)
    {
        var berlin = new Notation('.', ["dd.MM.yyyy HH:mm"], TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"));
        (berlin.TryTime(text, out var time) ? $"{time:yyyy-MM-dd HH:mm}" : null).ShouldBe(utc);
    }

    [Theory]
    [InlineData('.', "12", 12.0)]
    [InlineData('.', " 12.50 ", 12.5)]
    [InlineData('.', "5-", -5.0)]
    [InlineData('.', "--5", 5.0)]
    [InlineData('.', "-5-", 5.0)]
    [InlineData(',', "12,5", 12.5)]
    [InlineData('.', "1,250", null)]
    [InlineData('.', "twelve", null)]
    public void Figures_are_read_as_the_mapping_says_and_never_guessed(char mark, string text, double? number) =>
        (new Notation(mark, [], TimeZoneInfo.Utc).TryNumber(text, out var read) ? (double?)read : null).ShouldBe(number);

    [Fact]
    public void A_record_is_taken_whole_or_not_and_the_source_s_own_names_are_told()
    {
        var mapping = Read(Moves + ""","skip": [{"field": "state", "in": ["draft"]}], "cases": {"by": "{kind}", "of": {"in": [{}], "swap": [{"units": "-{qty}"}, {"location": "{other}"}], "note": []}}}""");
        MappedRecord Of(string kind, string qty = "3", string other = "B", string state = "") =>
            mapping.Read(Row(("no", "1"), ("item", "A"), ("plant", "P"), ("at", "2026-11-20T08:00:00Z"), ("kind", kind), ("qty", qty), ("other", other), ("state", state)));
        Of("in").Events.ShouldHaveSingleItem().ShouldSatisfyAllConditions(e => e.Place.ShouldBe("P/"), e => e.Units.ShouldBe(3));
        Of("swap").Events.Select(e => $"{e.Id} {e.Place} {e.Units}").ShouldBe(["1 P/ -3", "1/2 B 3"]);
        Of("note").ShouldSatisfyAllConditions(r => r.Events.ShouldBeEmpty(), r => r.Errors.ShouldBeEmpty());
        Of("in", state: "draft").Events.ShouldBeEmpty();
        Of("swap", other: "").ShouldSatisfyAllConditions(r => r.Events.ShouldBeEmpty(), r => r.Errors.Keys.ShouldBe(["other"]));
        Of("in", qty: "1.5").Errors.ShouldHaveSingleItem().Key.ShouldBe("qty");
        Of("what").Errors.ShouldHaveSingleItem().Key.ShouldBe("kind");
    }

    [Fact]
    public void Changes_of_a_table_speak_by_what_the_table_tells()
    {
        var moves = new RowChanges(Read(Moves + "}"));
        moves.MissingIn(["no", "item", "PLANT", "at"]).ShouldBe(["qty"]);
        CapturedChange Change(RowChange kind, string qty) => new(
            500, 1, DateTimeOffset.UnixEpoch, kind, Cells(("no", "1"), ("item", "A"), ("plant", "P"), ("at", "2026-11-20T08:00:00Z"), ("qty", qty)), null);
        moves.Read(Change(RowChange.Added, "3")).Events.Count.ShouldBe(1);
        moves.Read(Change(RowChange.Changed, "none")).ShouldSatisfyAllConditions(r => r.Events.ShouldBeEmpty(), r => r.Errors.ShouldBeEmpty());
        moves.Read(Change(RowChange.Deleted, "3")).Events.ShouldBeEmpty();
    }

    private static SourceMapping Read(string mapping)
    {
        var check = new Check();
        return MappingReader.Read(Json(mapping), check) ?? throw new InvalidOperationException(string.Join(' ', check.Fields.Keys));
    }

    private static RowRecord Row(params (string Column, string Value)[] cells) => new(Cells(cells));

    private static Dictionary<string, string?> Cells(params (string Column, string Value)[] cells) =>
        cells.ToDictionary(c => c.Column, string? (c) => c.Value, StringComparer.OrdinalIgnoreCase);

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
