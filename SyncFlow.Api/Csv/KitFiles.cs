using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.Core.Stock;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Front;

namespace SyncFlow.Api.Csv;

/// <summary>
/// Files of kits: a row for each component, as they are exported; the rows of a kit are all that it is made of, wherever they
/// stand. Each kit is a change of its own, which the breaker may hold and which can be taken back; kits that the file does not
/// name stay as they are.
/// </summary>
internal sealed class KitFiles : IEndpoint
{
    private const int MostRows = 5_000;

    public static readonly CsvColumns Columns = new(
        ["kit", "component", "units"], ["version", "changedAt", "changedBy"], ["GIFT-BOX", "MUG", "2", "", "", ""]);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/kits/csv", ImportAsync).WithName("ImportKits").WithTags("Kits")
        .Needs(Permission.CatalogWrite).Accepts<string>(CsvFile.ContentType)
        .WithSummary("Sets what the kits of a file are made of; dryRun=true only checks it. With a version a kit is refused where somebody changed it since.");

    private static async Task<Results<Ok<CsvReport>, Accepted<CsvReport>, Refused>> ImportAsync(
        HttpRequest request, bool? dryRun, Caller caller, KitDesk desk, RuleDesk rules, ReservationDesk codes, WakeUps wakeUps, CancellationToken ct)
    {
        var waiting = new List<ChangeView>();
        var answer = await CsvImport.RunAsync(request, dryRun, new CsvIntake<KitRow>(Columns, MostRows, MostRows, CheckAsync, ApplyAsync), ct).ConfigureAwait(false);
        if (dryRun != true)
        {
            _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
        }

        return waiting.Count > 0 && answer.Result is Ok<CsvReport> { Value: { } report }
            ? TypedResults.Accepted($"/api/v1/changes/{waiting[0].Id}", report with
            {
                ChangeId = waiting[0].Id,
                Trip = string.Create(CultureInfo.InvariantCulture, $"{waiting.Count} of the file's kits wait for a decision; the first: {waiting[0].Trip}"),
            })
            : answer;

        async Task<List<CheckedRow<KitRow>>> CheckAsync(IReadOnlyList<CsvRow> rows, CancellationToken stop)
        {
            var known = await codes.SkusAsync(
                caller.Tenant, rows.SelectMany(r => new[] { Code(r, "kit"), Code(r, "component") }).OfType<string>(), stop).ConfigureAwait(false);
            var read = rows.Select(row =>
            {
                var check = new Check();
                return new CheckedRow<KitRow>(Read(row, known, check), check);
            }).ToList();
            await CheckKitsAsync(read, stop).ConfigureAwait(false);
            return read;
        }

        // Against the kits that these tie together, each as the file would have it.
        async Task CheckKitsAsync(List<CheckedRow<KitRow>> rows, CancellationToken stop)
        {
            var kits = rows.Where(r => r.Value is not null).GroupBy(r => r.Value!.Kit).ToList();
            var then = await desk.TiedAsync(
                new TenantId(caller.Tenant), [.. kits.SelectMany(k => k.Select(r => r.Value!.Part.Sku).Append(k.Key)).Distinct()], stop).ConfigureAwait(false);
            foreach (var kit in kits)
            {
                then[kit.Key] = [.. kit.Select(r => r.Value!.Part)];
            }

            foreach (var kit in kits)
            {
                CheckKit([.. kit], then);
            }
        }

        async Task<(int, List<CsvError>)> ApplyAsync(IReadOnlyList<(CsvRow Row, KitRow Kit)> rows, CancellationToken stop)
        {
            var (accepted, errors) = (0, new List<CsvError>());
            foreach (var kit in rows.GroupBy(r => r.Kit.Kit))
            {
                var change = new KitChange(kit.Key, [.. kit.Select(r => r.Kit.Part)]);
                var outcome = await rules.SetAsync(
                    new TenantId(caller.Tenant), change, kit.First().Kit.Version, $"components of {kit.First().Kit.Code}, by file", caller.Name, progress: null, stop)
                    .ConfigureAwait(false);
                accepted += outcome.Outcome is RuleOutcome.Stands or RuleOutcome.Waits ? kit.Count() : 0;
                if (outcome is { Outcome: RuleOutcome.Waits, Change: { } held })
                {
                    waiting.Add(held);
                }
                else if (WordOf(outcome) is { } word)
                {
                    errors.AddRange(kit.Select(r => new CsvError(r.Row.Line, "kit", word)));
                }
            }

            return (accepted, errors);
        }
    }

    private static string? Code(CsvRow row, string column) => CsvDownload.Unfree(row.Text(column));

    private static KitRow? Read(CsvRow row, Dictionary<string, SkuId> known, Check check)
    {
        var (kit, part) = (Code(row, "kit"), Code(row, "component"));
        var (units, version) = (row.Number("units", check), row.Number("version", check));
        check.Text(kit, "kit", SkuCode.Longest).That(kit is null || known.ContainsKey(SkuDesk.KeyOf(kit)), "kit", "There is no such SKU.")
            .Text(part, "component", SkuCode.Longest).That(part is null || known.ContainsKey(SkuDesk.KeyOf(part)), "component", "There is no such SKU.")
            .That(units is >= 1 and <= KitLimits.MostUnits && units == decimal.Truncate(units.Value), "units", $"A whole number from 1 to {KitLimits.MostUnits}.")
            .That(version is null || (version is >= 0 and <= int.MaxValue && version == decimal.Truncate(version.Value)), "version", "A whole number, as exported.");
        return check.Holds
            ? new KitRow(known[SkuDesk.KeyOf(kit!)], kit!, new Component(known[SkuDesk.KeyOf(part!)], (int)units!.Value), (int?)version)
            : null;
    }

    /// <summary>What is wrong with a kit, at the row that it is wrong in.</summary>
    private static void CheckKit(List<CheckedRow<KitRow>> rows, Dictionary<SkuId, ImmutableArray<Component>> kits)
    {
        rows[0].Check.That(rows.TrueForAll(r => r.Value!.Version == rows[0].Value!.Version), "version", "All rows of a kit have its one version.");
        foreach (var fault in KitChecks.Of(rows[0].Value!.Kit, kits[rows[0].Value!.Kit], kits))
        {
            var (row, column) = Place(fault.Field, rows.Count);
            rows[row].Check.That(false, column, fault.Message);
        }
    }

    /// <summary>The row and column of a field such as <c>components[3].sku</c>; what is of the whole kit stands at its first row.</summary>
    private static (int Row, string Column) Place(string field, int rows)
    {
        var (open, close) = (field.IndexOf('[', StringComparison.Ordinal), field.IndexOf(']', StringComparison.Ordinal));
        return open > 0 && int.TryParse(field.AsSpan(open + 1, close - open - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var row) && row < rows
            ? (row, field.EndsWith(".units", StringComparison.Ordinal) ? "units" : "component")
            : (0, "kit");
    }

    private static string? WordOf(RuleAnswer answer) => answer.Outcome switch
    {
        RuleOutcome.Stale => "Somebody changed it meanwhile: export it again.",
        RuleOutcome.Refused => answer.Conflict ?? string.Join(' ', answer.Faults.Select(f => f.Message)),
        _ => null,
    };

    private sealed record KitRow(SkuId Kit, string Code, Component Part, int? Version);
}
