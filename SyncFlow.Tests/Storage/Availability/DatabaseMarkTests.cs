using Shouldly;
using SyncFlow.Storage.Availability;
using Xunit;

namespace SyncFlow.Tests.Storage.Availability;

public sealed class DatabaseMarkTests
{
    [Theory]
    [InlineData(9, true)] // Ended before the oldest that ran.
    [InlineData(10, false)] // Ran.
    [InlineData(11, true)]
    [InlineData(12, false)]
    [InlineData(14, true)]
    [InlineData(15, false)] // Began later.
    public void A_snapshot_sees_what_had_committed_when_it_was_taken(int transaction, bool sees) =>
        SnapshotMark.Parse("10:15:10,12").Sees((ulong)transaction).ShouldBe(sees);

    [Theory]
    [InlineData("")]
    [InlineData("10:15")]
    [InlineData("a:15:")]
    [InlineData("10:15:12,")]
    [InlineData("10:15:-1")]
    public void What_is_no_snapshot_is_refused(string text) => Should.Throw<FormatException>(() => SnapshotMark.Parse(text));

    [Theory]
    [InlineData("", true)]
    [InlineData("9:7", true)] // Seen.
    [InlineData("12:7", false)] // It was running then and has committed since.
    [InlineData("12:8", true)] // Another SKU's.
    [InlineData("12:0", false)] // All SKUs'.
    [InlineData("20:8 11:7", true)]
    [InlineData("20:8 16:7", false)]
    [InlineData("20:8 9:7", true)]
    public void A_change_of_settings_that_a_snapshot_did_not_see_counts(string changes, bool unchanged) =>
        Mark([.. changes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Change)])
            .IsUnchangedSince(SnapshotMark.Parse("10:15:10,12"), [7, 70]).ShouldBe(unchanged);

    [Fact]
    public void Where_more_changes_may_have_been_than_are_told_nothing_is_known()
    {
        var many = Enumerable.Range(0, DatabaseMark.MostChanges).Select(i => new SettingChange((ulong)(1000 - i), 5)).ToArray();
        Mark(many).IsUnchangedSince(SnapshotMark.Parse("801:802:"), [7]).ShouldBeFalse("the oldest that is told may have had brothers");
        Mark(many).IsUnchangedSince(SnapshotMark.Parse("802:802:"), [7]).ShouldBeTrue();
        Mark(many[1..]).IsUnchangedSince(SnapshotMark.Parse("10:10:"), [7]).ShouldBeTrue("all were told");
    }

    private static SettingChange Change(string text) => text.Split(':') is [var transaction, var sku]
        ? new SettingChange(ulong.Parse(transaction), long.Parse(sku))
        : throw new ArgumentException(text);

    private static DatabaseMark Mark(SettingChange[] changes) => new("", SnapshotMark.Parse("30:30:"), default, changes);
}
