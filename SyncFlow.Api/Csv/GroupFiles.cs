using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Skus;
using SyncFlow.Core;
using SyncFlow.Core.Brakes;
using SyncFlow.ServiceDefaults.Redis;
using SyncFlow.Storage.Allocation;
using SyncFlow.Storage.Brakes;
using SyncFlow.Storage.Front;
using SyncFlow.Storage.Operations;

namespace SyncFlow.Api.Csv;

/// <summary>
/// Files of which SKUs are in which group: a row for each SKU, one without a group takes it out of its own. A file is one
/// change, which the breaker may hold and which can be taken back; SKUs that it does not name stay where they are.
/// </summary>
internal sealed class GroupFiles : IEndpoint
{
    /// <summary>What is done at once; more would make others wait.</summary>
    private const int MostRows = RuleDesk.MostAtOnce;

    public static readonly CsvColumns Columns = new(["sku", "group"], ["groupName", "wasGroup"], ["SHIRT-M", "SHIRTS", "", ""]);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/sku-groups/members/csv", ExportAsync).WithName("ExportSkuGroupMembers").WithTags("Allocation").Needs(Permission.CatalogRead)
            .WithSummary("Which SKUs are in which group as a file, a row for each SKU that is in one.");
        routes.MapPost("/sku-groups/members/csv", ImportAsync).WithName("ImportSkuGroupMembers").WithTags("Allocation").Needs(Permission.CatalogWrite)
            .Accepts<string>(CsvFile.ContentType)
            .WithSummary("Puts the SKUs of a file into their groups, all rows or none; a row without a group takes the SKU out; dryRun=true only checks it. With wasGroup a row is refused where the SKU is in another group by now.");
    }

    private static async Task<EmptyHttpResult> ExportAsync(Caller caller, GroupDesk desk, HttpResponse response, CancellationToken ct)
    {
        var rows = CsvDownload.PagesAsync<GroupMemberView>(
            last => desk.MembersAsync(new TenantId(caller.Tenant), last is null ? null : SkuDesk.KeyOf(last.Sku), CsvDownload.PageRows, ct),
            m => [CsvDownload.Free(m.Sku), CsvDownload.Free(m.Group), CsvDownload.Free(m.GroupName), CsvDownload.Free(m.Group)]);
        await CsvDownload.WriteAsync(response, "sku-group-members", Columns.All, rows, ct).ConfigureAwait(false);
        return TypedResults.Empty;
    }

    private static async Task<Results<Ok<CsvReport>, Accepted<CsvReport>, Refused>> ImportAsync(
        HttpRequest request, bool? dryRun, Caller caller, GroupDesk desk, RuleDesk rules, WakeUps wakeUps, CancellationToken ct)
    {
        var tenant = new TenantId(caller.Tenant);
        List<GroupMember> moves = [];
        var answer = await CsvImport.RunAsync(
            request, dryRun, new CsvIntake<Row>(Columns, MostRows, MostRows, CheckAsync, (rows, _) => Task.FromResult((rows.Count, new List<CsvError>())))
            {
                Hold = HoldAsync,
            },
            ct).ConfigureAwait(false);
        if (dryRun != true)
        {
            _ = wakeUps.PublishAsync(WakeUpKind.Runs, caller.Tenant);
        }

        return answer;

        async Task<List<CheckedRow<Row>>> CheckAsync(IReadOnlyList<CsvRow> rows, CancellationToken stop)
        {
            var known = await desk.KnownAsync(
                tenant, rows.Select(r => Code(r, "sku")).OfType<string>(), rows.SelectMany(r => new[] { Code(r, "group"), Code(r, "wasGroup") }).OfType<string>(), stop).ConfigureAwait(false);
            var lines = new Dictionary<SkuId, int>();
            var read = rows.Select(row =>
            {
                var check = new Check();
                return new CheckedRow<Row>(Read(row, known, lines, check), check);
            }).ToList();
            moves = [.. read.Select(r => r.Value).OfType<Row>().Where(r => r.Member.Group != r.Before).Select(r => r.Member)];
            return read;
        }

        // The whole file is one change: done between the passes, it is done or held before any row is counted.
        async Task<JudgedFacts> HoldAsync(bool lookOnly, CancellationToken stop)
        {
            if (moves.Count == 0)
            {
                return new JudgedFacts(null, null);
            }

            var change = new GroupChange([.. moves.OrderBy(m => m.Sku.Value)]);
            var done = lookOnly
                ? await rules.PreviewAsync(tenant, change, null, caller.Name, progress: null, stop).ConfigureAwait(false)
                : await rules.SetAsync(tenant, change, null, "SKUs of groups, by file", caller.Name, progress: null, stop).ConfigureAwait(false);
            if (done.Outcome == RuleOutcome.Refused)
            {
                throw new RequestRefusedException(new Problem(ProblemKind.StateConflict, done.Conflict ?? string.Join(' ', done.Faults.Select(f => f.Message))));
            }

            return new JudgedFacts(done.Trip, done.Outcome == RuleOutcome.Waits ? done.Change?.Id : null);
        }
    }

    private static string? Code(CsvRow row, string column) => CsvDownload.Unfree(row.Text(column));

    private static Row? Read(CsvRow row, GroupCodes known, Dictionary<SkuId, int> lines, Check check)
    {
        var (code, group) = (Code(row, "sku"), Code(row, "group"));
        check.Text(code, "sku", SkuCode.Longest).That(code is null || known.Skus.ContainsKey(SkuDesk.KeyOf(code)), "sku", "There is no such SKU.")
            .Optional(group, "group", SkuCode.Longest).That(group is null || known.Groups.ContainsKey(SkuDesk.KeyOf(group)), "group", "There is no such group.");
        if (!check.Holds)
        {
            return null;
        }

        var (sku, before) = known.Skus[SkuDesk.KeyOf(code!)];
        lines.TryAdd(sku, row.Line);
        var (wanted, was) = (group is null ? (long?)null : known.Groups[SkuDesk.KeyOf(group)], Code(row, "wasGroup"));
        check.That(lines[sku] == row.Line, "sku", $"Line {lines[sku]} has this SKU; it is in one group or none.")
            .That(
                was is null || before == wanted || (known.Groups.TryGetValue(SkuDesk.KeyOf(was), out var seen) && seen == before),
                "wasGroup", "It is in another group by now: export it again.");
        return check.Holds ? new Row(new GroupMember(sku, wanted), before) : null;
    }

    private sealed record Row(GroupMember Member, long? Before);
}
