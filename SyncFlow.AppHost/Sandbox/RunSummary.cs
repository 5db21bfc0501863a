using System.Globalization;

namespace SyncFlow.AppHost.Sandbox;

/// <summary>How a run went: its figures, and the promises that must have held.</summary>
/// <param name="last">The last look.</param>
/// <param name="stages">Where the time went; null where nobody could be asked.</param>
internal sealed class RunSummary(Snapshot last, LatencyStages? stages)
{
    /// <summary>Whether every promise held.</summary>
    public bool Holds => Broken.Count == 0;

    /// <summary>The promises that did not hold, in words.</summary>
    public IReadOnlyList<string> Broken
    {
        get
        {
            var pipeline = last.Pipeline;
            (long Count, string What)[] promises =
            [
                (pipeline.OversoldWhileGuarded, "units were oversold while guarded"),
                (last.OrdersMissing, "orders that a store accepted are not in the ledger"),
                (pipeline.DeadLetters, "events were given up on (dead letters)"),
                (pipeline.EventsPending, "events are not applied"),
                (pipeline.DirtyLevels, "levels are not published"),
                (pipeline.UnverifiedLevels, "levels are not verified"),
                (last.World.WebhooksPending, "webhooks are not delivered"),
            ];
            return [.. promises.Where(promise => promise.Count > 0).Select(promise => string.Create(CultureInfo.InvariantCulture, $"{promise.Count:N0} {promise.What}"))];
        }
    }

    public void Write(TextWriter output)
    {
        WriteFigures(output);
        foreach (var broken in Broken)
        {
            output.WriteLine($"NOT KEPT: {broken}.");
        }

        if (Holds)
        {
            output.WriteLine("Everything was applied, published and verified; nothing was lost.");
        }
    }

    public void WriteFigures(TextWriter output)
    {
        output.WriteLine();
        foreach (var (name, value) in RunFigures.Of(last))
        {
            output.WriteLine($"{name,-28} {value}");
        }

        output.WriteLine($"{"where the time went",-28} {stages?.All ?? "-"}");
        output.WriteLine($"{"  in the slowest 5 %",-28} {stages?.Slowest ?? "-"}");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"oversold units: {last.World.UnitsOversold} (while guarded: {last.Pipeline.OversoldWhileGuarded})"));
    }
}
