using Shouldly;
using Xunit;

namespace SyncFlow.Tests.Architecture;

public sealed class TidyTests
{
    [Fact]
    public void Files_are_short() => Sources.With(".cs", ".ts", ".tsx").SelectMany(TidyRules.Length).ShouldBeEmpty();

    [Fact]
    public void Folders_are_namespaces() => Sources.With(".cs").SelectMany(TidyRules.Namespace).ShouldBeEmpty();

    [Fact]
    public void No_work_is_left_open_in_a_comment()
    {
        Sources.With(".cs", ".md", ".sql", ".sh", ".csproj", ".ts", ".tsx", ".yml").SelectMany(TidyRules.OpenEnds).ShouldBeEmpty();
    }

    [Fact]
    public void A_document_has_one_title() => Sources.With(".md").SelectMany(TidyRules.Titles).ShouldBeEmpty();

    [Fact]
    public void Decisions_are_numbered_once_and_those_referred_to_exist()
    {
        var files = Sources.With(".cs", ".md", ".csproj", ".props").Where(file => !file.Path.StartsWith("SyncFlow.Tests/Architecture/", StringComparison.Ordinal)).ToList();
        TidyRules.Decisions(files).ShouldBeEmpty();
    }

    [Fact]
    public void A_planted_untidiness_is_found()
    {
        TidyRules.Length(File("A/Long.cs", new string('\n', TidyRules.LongestFile + 1))).ShouldHaveSingleItem().ShouldContain("351 lines");
        TidyRules.Length(File("A/Short.cs", new string('\n', TidyRules.LongestFile))).ShouldBeEmpty();

        TidyRules.Namespace(File("SyncFlow.Core/Ledger/A.cs", "namespace SyncFlow.Core;")).ShouldHaveSingleItem().ShouldContain("its folder says SyncFlow.Core.Ledger");
        TidyRules.Namespace(File("SyncFlow.Core/Ledger/A.cs", "namespace SyncFlow.Core.Ledger;")).ShouldBeEmpty();

        TidyRules.OpenEnds(File("A.cs", "// TO" + "DO: later")).ShouldHaveSingleItem();
        TidyRules.OpenEnds(File("A.cs", "var toDoList = 1;")).ShouldBeEmpty();

        TidyRules.Titles(File("A.md", "# One\n\n# Two")).ShouldHaveSingleItem().ShouldContain("2 titles");
        TidyRules.Titles(File("A.md", "## None")).ShouldHaveSingleItem().ShouldContain("0 titles");
        TidyRules.Titles(File("A.md", "# One\n\n```\n# a comment\n```\n")).ShouldBeEmpty();
    }

    [Fact]
    public void A_planted_decision_number_is_found()
    {
        TidyRules.Decisions([File("docs/decisions/0001-a.md", ""), File("docs/decisions/0001-b.md", "")]).ShouldHaveSingleItem().ShouldContain("0001 exists 2 times");
        TidyRules.Decisions([File("docs/decisions/0001-a.md", ""), File("A.cs", "// see ADR 0002")]).ShouldHaveSingleItem().ShouldContain("decision 0002");
        TidyRules.Decisions([File("docs/decisions/0001-a.md", ""), File("A.cs", "// see docs/decisions/0001")]).ShouldBeEmpty();
    }

    private static SourceFile File(string path, string text) => new(path, text);
}
