using Shouldly;
using SyncFlow.Simulator.Protocol;
using Xunit;

namespace SyncFlow.Tests.Architecture;

/// <summary>The list of planted faults cannot rot: <c>./bench faults</c> plants them, these tests see that it still can.</summary>
public sealed class PlantedFaultTests
{
    private static readonly IReadOnlyList<PlantedFault> Faults = PlantedFaults.Load(Sources.Root);

    [Fact]
    public void Every_fault_can_still_be_planted_in_exactly_one_place() =>
        Faults.Where(f => f.Occurrences(Source(f)) != 1)
            .Select(f => $"{f.Id}: its text stands {f.Occurrences(Source(f))} times in {f.File}. Where the rule moved, "
                + $"say in {PlantedFaults.Path} how it is broken now, and run ./bench faults.")
            .ShouldBeEmpty();

    [Fact]
    public void Every_rule_and_every_invariant_is_broken_at_least_once()
    {
        var broken = Faults.Select(f => f.Rule).ToHashSet();
        Enumerable.Range(1, 17).Select(n => $"R{n}").Concat(Enumerable.Range(1, 7).Select(n => $"I{n}"))
            .Where(rule => !broken.Contains(rule)).ShouldBeEmpty();
    }

    [Fact]
    public void Each_fault_has_a_name_of_its_own_a_meaning_and_changes_the_rules()
    {
        Faults.Select(f => f.Id).ShouldBeUnique();
        Faults.Where(f => !f.Id.StartsWith($"{f.Rule}-", StringComparison.Ordinal) || f.Find == f.Replace
            || !f.Means.EndsWith('.') || !f.File.StartsWith("SyncFlow.Core/", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public void The_test_that_is_tried_first_exists()
    {
        var tests = typeof(PlantedFaultTests).Assembly.GetTypes().SelectMany(t => t.GetMethods().Select(m => $"{t.Name}.{m.Name}")).ToHashSet();
        Faults.Where(f => !tests.Contains(f.Test)).Select(f => $"{f.Id}: {f.Test}").ShouldBeEmpty();
    }

    [Fact]
    public void A_text_that_stands_twice_or_not_at_all_is_noticed()
    {
        var fault = new PlantedFault("R0-x", "R0", "Nothing.", "x.cs", "a + b", "a - b", "Tests.Any");
        fault.Plant("c = a + b;").ShouldBe("c = a - b;");
        Should.Throw<ArgumentException>(() => fault.Plant("c = a - b;"));
        Should.Throw<ArgumentException>(() => fault.Plant("c = a + b; d = a + b;"));
    }

    private static string Source(PlantedFault fault) => File.ReadAllText(Path.Combine(Sources.Root, fault.File));
}
