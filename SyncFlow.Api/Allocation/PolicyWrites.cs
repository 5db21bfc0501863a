using System.Collections.Immutable;
using SyncFlow.Core;
using SyncFlow.Core.Allocation;
using SyncFlow.Storage.Brakes;

namespace SyncFlow.Api.Allocation;

/// <summary>Writes that a policy would cause, counted, and the first of them.</summary>
/// <param name="Zeroed">Levels that show units and are to show none.</param>
/// <param name="Steps">1 where all can be written at once; more where increases wait for decreases to be proven.</param>
/// <param name="Items">The first, by step, SKU and level.</param>
internal sealed record PolicyWrites(
    int Total, int Increases, int Decreases, int Zeroed, int Steps, IReadOnlyList<PolicyWrite> Items)
{
    /// <summary>Most writes that are told one by one.</summary>
    public const int MostItems = 1_000;

    public static async Task<PolicyWrites> OfAsync(
        TenantId tenant, ImmutableArray<PreviewedWrite> writes, RuleDesk desk, CancellationToken ct)
    {
        var shown = writes.Take(MostItems).ToList();
        var codes = await desk.CodesAsync(tenant, [.. shown.Select(w => w.Sku).Distinct()], ct).ConfigureAwait(false);
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
internal sealed record PolicyWrite(string Sku, long LevelId, long ConnectionId, int From, int To, int Step);
