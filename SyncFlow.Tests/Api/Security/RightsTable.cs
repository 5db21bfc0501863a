using System.Globalization;
using System.Text;
using SyncFlow.Api.Security;

namespace SyncFlow.Tests.Api.Security;

/// <summary>The matrix as a page of the documentation.</summary>
internal static class RightsTable
{
    /// <summary>Where the page lies in the repository.</summary>
    public const string Page = "docs/authorisation.md";

    private const string Begin = "<!-- matrix: begin -->";

    private const string End = "<!-- matrix: end -->";

    private static readonly (string Head, Func<Permission, bool> May)[] Columns =
    [
        ("Merchant Admin", p => Roles.Of(Role.MerchantAdmin).Has(p)),
        ("Operations Manager", p => Roles.Of(Role.OperationsManager).Has(p)),
        ("Warehouse Manager", p => Roles.Of(Role.WarehouseManager).Has(p)),
        ("Support Analyst", p => Roles.Of(Role.SupportAnalyst).Has(p)),
        ("Super Admin, entered", Roles.Entered.Has),
        ("Super Admin, outside", p => Roles.Of(Role.PlatformSuperAdmin).Has(p)),
        ("Partner key, at most", Roles.PartnerKeys.Has),
    ];

    /// <summary>The page with its table as it has to be for these operations.</summary>
    public static string Update(string page, IReadOnlyList<ApiOperation> operations)
    {
        var (begin, end) = (page.IndexOf(Begin, StringComparison.Ordinal), page.IndexOf(End, StringComparison.Ordinal));
        return page[..(begin + Begin.Length)] + "\n" + Print(operations) + page[end..];
    }

    private static string Print(IReadOnlyList<ApiOperation> operations)
    {
        var table = new StringBuilder();
        table.Append("| operation | needs | ").AppendJoin(" | ", Columns.Select(c => c.Head)).Append(" |\n");
        table.Append("|---|---|").Append(string.Concat(Enumerable.Repeat("---|", Columns.Length))).Append('\n');
        foreach (var operation in operations)
        {
            table.Append(CultureInfo.InvariantCulture, $"| `{operation.Method} {operation.Short}` | {operation.Rule ?? "no rule"} | ");
            table.AppendJoin(" | ", Columns.Select(column => Cell(operation, column.May))).Append(" |\n");
        }

        return table.ToString();
    }

    private static string Cell(ApiOperation operation, Func<Permission, bool> may) => operation.Rule switch
    {
        "anyone" or "callers" => "yes",
        { } rule when Permissions.TryParse(rule, out var permission) => may(permission) ? "yes" : "",
        _ => "",
    };
}
