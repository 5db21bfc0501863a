using System.Reflection;
using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace SyncFlow.Tests.Architecture;

/// <summary>docs/cases.md names tests for every numbered case: those tests exist, and no test that is named for a case is left out.</summary>
public sealed partial class CaseTableTests
{
    private static readonly string[] Demanded =
    [
        "C01", "C02", "C03", "C04", "C05", "C06", "C07", "C08", "C09", "C10", "C11", "C12", "C13", "C14", "C15", "C16", "C17", "C18", "C19", "C20",
        "C21", "C22", "C23", "C24", "C25", "C26", "C27", "C28", "C29", "C32", "C33", "C34", "C35", "C36", "C37", "C38", "C39", "C40", "C41", "C42",
        "C43", "C44", "C45",
    ];

    /// <summary>Those that wait for hours or days are tried on the database; others want a channel that has no adapter yet, or are tried by their parts.</summary>
    private static readonly string[] NotEndToEnd = ["C06", "C28", "C33", "C34", "C35", "C36", "C37"];

    [Fact]
    public void Every_test_in_the_table_exists() => Differences(Table(), Tests()).Missing.ShouldBeEmpty();

    [Fact]
    public void Every_test_of_a_case_in_the_table_is_listed() => Differences(Table(), Tests()).Unlisted.ShouldBeEmpty();

    [Fact]
    public void Every_case_has_a_row_with_tests_and_those_with_a_channel_are_tried_end_to_end()
    {
        var rows = Rows(Table());
        rows.Keys.Order().ShouldBe(Demanded);
        rows.Where(r => !Name().IsMatch(r.Value)).Select(r => r.Key).ShouldBeEmpty();
        rows.Where(r => !Name().IsMatch(r.Value.Split('|')[^2])).Select(r => r.Key).ShouldBeSubsetOf(NotEndToEnd);
    }

    [Fact]
    public void A_planted_gap_is_found()
    {
        var tests = new HashSet<string> { "ACases.C01_One", "ACases.C01_Two", "SomeTests.C99_Of_no_row", "SomeTests.Beside" };
        var (missing, unlisted) = Differences("| C01 | x | `ACases.C01_One`<br>`ACases.C01_Gone` | | |\n", tests);
        missing.ShouldBe(["ACases.C01_Gone"]);
        unlisted.ShouldBe(["ACases.C01_Two", "SomeTests.C99_Of_no_row"]);
    }

    private static (IEnumerable<string> Missing, IEnumerable<string> Unlisted) Differences(string table, HashSet<string> tests)
    {
        var named = Name().Matches(table).Select(m => m.Groups[1].Value).ToHashSet();
        return (
            named.Except(tests).ToList(),
            tests.Where(t => Case().IsMatch(t[(t.IndexOf('.', StringComparison.Ordinal) + 1)..])).Except(named).ToList());
    }

    private static Dictionary<string, string> Rows(string table) => table.Split('\n')
        .Where(line => line.StartsWith("| C", StringComparison.Ordinal)).ToDictionary(line => line[2..5]);

    private static string Table() => Sources.With(".md").Single(file => file.Path == "docs/cases.md").Text;

    private static HashSet<string> Tests() =>
    [
        .. typeof(CaseTableTests).Assembly.GetTypes().SelectMany(type => type
            .GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(method => method.GetCustomAttributes<FactAttribute>(inherit: true).Any())
            .Select(method => $"{type.Name}.{method.Name}")),
    ];

    [GeneratedRegex(@"`(\w+\.\w+)`")]
    private static partial Regex Name();

    [GeneratedRegex(@"C\d\d(?=_)")]
    private static partial Regex Case();
}
