using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.Csv;

/// <summary>What is wrong with a cell.</summary>
internal sealed record CsvError(int Line, string Column, string Message);

/// <summary>What came of a file.</summary>
/// <param name="DryRun">Whether it was only looked at: nothing was changed then.</param>
/// <param name="Rows">All rows; those left empty are neither taken in nor refused.</param>
/// <param name="Accepted">Rows taken in, or that would be.</param>
/// <param name="Known">Rows that were taken in before.</param>
/// <param name="Refused">Rows with errors.</param>
/// <param name="Errors">The first of them.</param>
internal sealed record CsvReport(bool DryRun, int Rows, int Accepted, int Known, int Refused, IReadOnlyList<CsvError> Errors)
{
    /// <summary>Why what the rows raise waits for a decision, or would; null where it does not.</summary>
    public string? Trip { get; init; }

    /// <summary>The bulk change that waits; null where nothing does.</summary>
    public long? ChangeId { get; init; }
}

/// <summary>A row after its checks.</summary>
/// <param name="Value">What it says; null where a check failed, or the row is left empty.</param>
internal sealed record CheckedRow<T>(T? Value, Check Check);

/// <summary>How a kind of file is taken in.</summary>
/// <param name="Columns">Its columns.</param>
/// <param name="ChunkRows">Rows that are checked and taken in together.</param>
/// <param name="MostRows">Rows of a file.</param>
/// <param name="Check">Checks rows; changes nothing.</param>
/// <param name="Apply">Takes rows in that hold; returns how many were new, and errors that only showed now.</param>
internal sealed record CsvIntake<T>(
    CsvColumns Columns, int ChunkRows, int MostRows, Func<IReadOnlyList<CsvRow>, CancellationToken, Task<List<CheckedRow<T>>>> Check,
    Func<IReadOnlyList<(CsvRow Row, T Value)>, CancellationToken, Task<(int Accepted, List<CsvError> Errors)>> Apply)
{
    /// <summary>
    /// Decides on the file as a whole between the passes; null where nothing is to be decided. Told whether it is only looked at,
    /// it says why what the rows raise waits, and the change that does.
    /// </summary>
    public Func<bool, CancellationToken, Task<JudgedFacts>>? Hold { get; init; }

    /// <summary>Whether nothing is taken in where an error only showed in the second pass; the file is one chunk then.</summary>
    public bool AllOrNone { get; init; }
}

/// <summary>
/// Takes files in as a stream, in two passes: the first checks every row, the second takes all in, and only if the first
/// found nothing wrong. A dry run ends after the first.
/// </summary>
internal static class CsvImport
{
    /// <summary>Most errors that are told.</summary>
    private const int MostErrors = 100;

    /// <summary>Carries an import out.</summary>
    /// <exception cref="CsvRefusedException">The file cannot be read.</exception>
    public static async Task<Results<Ok<CsvReport>, Accepted<CsvReport>, Refused>> RunAsync<T>(HttpRequest request, bool? dryRun, CsvIntake<T> intake, CancellationToken ct)
        where T : class
    {
        if (request.ContentType?.StartsWith(CsvFile.ContentType, StringComparison.OrdinalIgnoreCase) != true)
        {
            return (Refused)new Problem(ProblemKind.UnsupportedMediaType, "Send text/csv.");
        }

        request.EnableBuffering();
        var looked = await PassAsync(request, intake, apply: false, ct).ConfigureAwait(false);
        if (dryRun != true && looked.Refused > 0)
        {
            return (Refused)Of(looked);
        }

        var held = intake.Hold is null ? null : await intake.Hold(dryRun == true, ct).ConfigureAwait(false);
        if (dryRun == true)
        {
            return TypedResults.Ok(looked with { DryRun = true, Trip = held?.Trip });
        }

        request.Body.Position = 0;
        var report = (await PassAsync(request, intake, apply: true, ct).ConfigureAwait(false)) with { Trip = held?.Trip, ChangeId = held?.ChangeId };
        if (intake.AllOrNone && report.Refused > 0)
        {
            return (Refused)Of(report);
        }

        return report.ChangeId is { } change ? TypedResults.Accepted($"/api/v1/changes/{change}", report) : TypedResults.Ok(report);
    }

    private static async Task<CsvReport> PassAsync<T>(HttpRequest request, CsvIntake<T> intake, bool apply, CancellationToken ct)
        where T : class
    {
        var report = new CsvReport(false, 0, 0, 0, 0, []);
        var chunk = new List<CsvRow>(Math.Min(intake.ChunkRows, 1_000));
        await foreach (var row in CsvFile.ReadAsync(request.Body, intake.Columns, ct).ConfigureAwait(false))
        {
            chunk.Add(row);
            if (report.Rows + chunk.Count > intake.MostRows)
            {
                throw new RequestRefusedException(Problem.Invalid("file", $"At most {intake.MostRows} rows."));
            }

            if (chunk.Count == intake.ChunkRows)
            {
                report = await ChunkAsync(report, chunk, intake, apply, ct).ConfigureAwait(false);
                chunk.Clear();
            }
        }

        return chunk.Count == 0 ? report : await ChunkAsync(report, chunk, intake, apply, ct).ConfigureAwait(false);
    }

    private static async Task<CsvReport> ChunkAsync<T>(
        CsvReport report, List<CsvRow> chunk, CsvIntake<T> intake, bool apply, CancellationToken ct)
        where T : class
    {
        var rows = chunk.Zip(await intake.Check(chunk, ct).ConfigureAwait(false)).ToList();
        var errors = rows.SelectMany(r => r.Second.Check.Fields.SelectMany(f => f.Value.Select(text => new CsvError(r.First.Line, f.Key, text)))).ToList();
        var good = rows.Where(r => r.Second.Check.Holds && r.Second.Value is not null).Select(r => (r.First, r.Second.Value!)).ToList();
        if (apply && intake.AllOrNone && errors.Count > 0)
        {
            good.Clear();
        }

        var (accepted, late) = apply && good.Count > 0 ? await intake.Apply(good, ct).ConfigureAwait(false) : (good.Count, []);
        return report with
        {
            Rows = report.Rows + chunk.Count,
            Accepted = report.Accepted + accepted,
            Known = report.Known + good.Count - accepted - late.Count,
            Refused = report.Refused + rows.Count(r => !r.Second.Check.Holds) + late.Count,
            Errors = [.. report.Errors.Concat(errors).Concat(late).Take(MostErrors)],
        };
    }

    private static Problem Of(CsvReport report)
    {
        var fields = report.Errors.GroupBy(e => $"line {e.Line}: {e.Column}").ToDictionary(g => g.Key, g => g.Select(e => e.Message).ToArray());
        var first = report.Errors[0];
        return new Problem(
            ProblemKind.Validation, $"{report.Refused} of {report.Rows} rows are refused, nothing was taken in; line {first.Line}, {first.Column}: {first.Message}")
        {
            Fields = fields,
        };
    }
}
