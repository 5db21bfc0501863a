using Shouldly;
using Xunit;

namespace SyncFlow.Tests.Architecture;

public sealed class DependencyTests
{
    [Fact]
    public void Projects_reference_only_what_the_architecture_allows()
    {
        var projects = Sources.With(".csproj").ToList();
        projects.Count.ShouldBeGreaterThan(8);
        projects.SelectMany(file => DependencyRules.InProjectFile(Path.GetFileNameWithoutExtension(file.Path), file.Text)).ShouldBeEmpty();
    }

    [Fact]
    public void The_domain_has_no_input_output_no_clock_and_no_async()
    {
        Sources.With(".cs").Where(file => file.Project == "SyncFlow.Core").SelectMany(DependencyRules.InDomainSource).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("SyncFlow.Simulator", "<ProjectReference Include=\"../SyncFlow.Channels/SyncFlow.Channels.csproj\" />", "must not reference SyncFlow.Channels")]
    [InlineData("SyncFlow.Core", "<ProjectReference Include=\"..\\SyncFlow.Storage\\SyncFlow.Storage.csproj\" />", "must not reference SyncFlow.Storage")]
    [InlineData("SyncFlow.Core", "<PackageReference Include=\"Polly.Core\" />", "without packages")]
    [InlineData("SyncFlow.Worker", "<PackageReference Include=\"Npgsql\" />", "leave SQL to SyncFlow.Storage")]
    [InlineData("SyncFlow.AppHost", "<ProjectReference Include=\"../SyncFlow.Api/SyncFlow.Api.csproj\" />", "must not compile against it")]
    [InlineData("SyncFlow.Novelty", "", "needs its line")]
    public void A_planted_reference_is_found(string project, string item, string says)
    {
        DependencyRules.InProjectFile(project, $"<Project><ItemGroup>{item}</ItemGroup></Project>").ShouldHaveSingleItem().ShouldContain(says);
    }

    [Theory]
    [InlineData("public async Task Run() { }")]
    [InlineData("var now = DateTimeOffset.UtcNow;")]
    [InlineData("var now = DateTime.Now;")]
    [InlineData("using System.IO;")]
    [InlineData("var text = File.ReadAllText(path);")]
    [InlineData("var id = Guid.NewGuid();")]
    [InlineData("using Npgsql;")]
    [InlineData("private readonly TimeProvider time;")]
    public void A_planted_impurity_is_found(string line)
    {
        DependencyRules.InDomainSource(new SourceFile("SyncFlow.Core/Planted.cs", "namespace X;\n" + line)).ShouldHaveSingleItem().ShouldContain("Planted.cs:2");
    }

    [Theory]
    [InlineData("/// <summary>A WMS pick Task is not a System.IO matter.</summary>")]
    [InlineData("var taskCount = 3; // async would be wrong here")]
    public void Words_in_comments_and_parts_of_names_are_not_uses(string line)
    {
        DependencyRules.InDomainSource(new SourceFile("SyncFlow.Core/Planted.cs", line)).ShouldBeEmpty();
    }
}
