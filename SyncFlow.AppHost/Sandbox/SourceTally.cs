using System.Globalization;

namespace SyncFlow.AppHost.Sandbox;

/// <summary>How what a source wrote down adds up with what SyncFlow took in of it.</summary>
/// <param name="Source">As the API shows it at the end.</param>
/// <param name="Written">Rows that the source wrote down.</param>
/// <param name="Positions">Positions that were taken in as whole lists.</param>
/// <param name="ListsTasks">Whether its open pick tasks are asked for: what changes of them is told beside its rows.</param>
internal sealed record SourceTally(SourceFigures Source, long Written, long Positions, bool ListsTasks)
{
    /// <summary>Changes of pick tasks; those of a source that lists none are none.</summary>
    private long Tasks => ListsTasks ? Math.Max(0, Source.TakenIn - Positions - Written) : 0;

    private long Rows => Source.TakenIn - Positions - Tasks;

    /// <summary>What does not add up, in words; null where all does.</summary>
    public string? Difference => Rows == Written ? null : string.Create(
        CultureInfo.InvariantCulture, $"{Source.Name} wrote {Written} rows down, and {Rows} were taken in");

    /// <summary>In words: what was taken in, and of what it is made.</summary>
    public override string ToString()
    {
        var beside = string.Concat(
            Positions > 0 ? string.Create(CultureInfo.InvariantCulture, $" + {Positions:N0} positions") : "",
            ListsTasks ? string.Create(CultureInfo.InvariantCulture, $" + {Tasks:N0} changes of pick tasks") : "");
        var sum = beside.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{beside} = {Source.TakenIn:N0} events");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Source.Name,-6} {Rows:N0} of {Written:N0} rows taken in{sum}; {Source.Repeated:N0} told again, {Source.Waiting:N0} unmapped, {Source.Refused:N0} refused");
    }
}
