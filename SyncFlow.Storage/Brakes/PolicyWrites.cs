using System.Collections.Immutable;
using SyncFlow.Core.Allocation;
using SyncFlow.Storage.Channels;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Brakes;

/// <summary>Writes that a policy would cause, counted, and the first of them.</summary>
/// <param name="Zeroed">Levels that show units and are to show none.</param>
/// <param name="Steps">1 where all can be written at once; more where increases wait for decreases to be proven.</param>
/// <param name="Items">The first, by step, SKU and level.</param>
public sealed record PolicyWrites(
    int Total, int Increases, int Decreases, int Zeroed, int Steps, IReadOnlyList<PolicyWrite> Items)
{
    /// <summary>Most writes that are told one by one.</summary>
    public const int MostItems = 1_000;

    internal static async Task<PolicyWrites> OfAsync(StorageSession session, ImmutableArray<PreviewedWrite> writes, CancellationToken ct)
    {
        var shown = writes.Take(MostItems).ToList();
        var codes = await SkuPages.CodesAsync(session, [.. shown.Select(w => w.Sku).Distinct()], ct).ConfigureAwait(false);
        return new PolicyWrites(
            writes.Length, writes.Count(w => w.To > w.From), writes.Count(w => w.To < w.From),
            writes.Count(w => w.From > 0 && w.To <= 0), writes.Select(w => w.Step).DefaultIfEmpty(0).Max(),
            [.. shown.Select(w => new PolicyWrite(codes[w.Sku], w.Level.Value, w.Connection.Value, w.From, w.To, w.Step))]);
    }
}

/// <summary>A write that a policy would cause.</summary>
/// <param name="From">Sales the level shows.</param>
/// <param name="To">Sales it is to show.</param>
/// <param name="Step">1 is written at once; later ones wait for the decreases of the step before to be proven.</param>
public sealed record PolicyWrite(string Sku, long LevelId, long ConnectionId, int From, int To, int Step);
