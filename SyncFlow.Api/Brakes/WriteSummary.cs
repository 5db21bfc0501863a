using SyncFlow.Core.Brakes;

namespace SyncFlow.Api.Brakes;

/// <summary>Writes that would follow, counted, and the first of them.</summary>
/// <param name="Zeroed">Levels that show units and are to show none.</param>
/// <param name="Sample">The first by SKU and level.</param>
internal sealed record WriteSummary(int Total, int Increases, int Decreases, int Zeroed, IReadOnlyList<WriteView> Sample)
{
    private const int SampleSize = 50;

    public static WriteSummary Of(IReadOnlyList<PlannedWrite> writes) => new(
        writes.Count, writes.Count(w => w.To > w.From), writes.Count(w => w.To < w.From), writes.Count(w => w.Zeroes),
        [.. writes.Take(SampleSize).Select(w => new WriteView(w.Sku.Value, w.Level.Value, w.Connection.Value, w.From, w.To))]);
}

/// <summary>A write that would follow.</summary>
internal sealed record WriteView(long SkuId, long LevelId, long ConnectionId, int From, int To);
