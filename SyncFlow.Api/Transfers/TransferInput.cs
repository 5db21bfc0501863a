using SyncFlow.Api.StockOperations;
using SyncFlow.Core;
using SyncFlow.Core.Operations;
using SyncFlow.Core.Transfers;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.Transfers;

/// <summary>Units of a SKU in a transfer's step.</summary>
/// <param name="To">The condition in which they arrive: <c>available</c> (when left out), <c>inspection</c> or <c>damaged</c>.</param>
internal sealed record TransferLineInput(string? Sku, decimal? Units, string? To);

/// <summary>Checks lines of transfers.</summary>
internal static class TransferInput
{
    /// <summary>Most lines of a transfer.</summary>
    public const int MostLines = OperationIntake.MostItems;

    /// <summary>The SKUs that lines name.</summary>
    public static IEnumerable<string> Codes(IReadOnlyList<TransferLineInput>? lines) => (lines ?? []).Select(line => line.Sku).OfType<string>();

    /// <summary>The lines' units; what is wrong is noted by field.</summary>
    public static List<TransferUnits> Read(IReadOnlyList<TransferLineInput>? lines, CodeBook codes, Check check, bool arriving = false)
    {
        check.That(lines is { Count: > 0 }, "lines", "At least one line.")
            .That(lines is null || lines.Count <= MostLines, "lines", $"At most {MostLines} lines.");
        var seen = new HashSet<long>();
        var units = new List<TransferUnits>();
        for (var i = 0; lines is not null && i < lines.Count && i < MostLines; i++)
        {
            var (line, field) = (lines[i], $"lines[{i}].");
            var sku = codes.Sku(line.Sku);
            var known = Words.TryParse<StockCondition>(line.To, out var condition);
            check.That(!string.IsNullOrWhiteSpace(line.Sku), field + "sku", "A text is needed.")
                .That(string.IsNullOrWhiteSpace(line.Sku) || sku is not null, field + "sku", "There is no such SKU.")
                .That(sku is not { } id || seen.Add(id), field + "sku", "This SKU stands twice.")
                .That(line.To is null || (arriving && known), field + "to", arriving ? "One of: available, inspection, damaged." : "Only what arrives has a condition.");
            OperationInput.CheckUnits(line.Units, field + "units", 1, check);
            if (check.Holds)
            {
                units.Add(new TransferUnits(new SkuId(sku!.Value), (int)line.Units!.Value, known ? condition : StockCondition.Available));
            }
        }

        return units;
    }
}
