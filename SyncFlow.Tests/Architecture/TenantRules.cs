using System.Text.RegularExpressions;

namespace SyncFlow.Tests.Architecture;

/// <summary>Every statement names the tenant: row-level security is the second lock, not the first.</summary>
internal static partial class TenantRules
{
    /// <summary>Statements in a file of Storage that touch a table of tenants and name no tenant.</summary>
    /// <param name="file">Source code.</param>
    /// <param name="tables">The tables that have a tenant.</param>
    public static IEnumerable<string> InSource(SourceFile file, IReadOnlySet<string> tables)
    {
        foreach (Match literal in Literal().Matches(file.Text))
        {
            var sql = literal.Value.Trim('"', ' ', '\n', '\r');
            var touched = Touches().Matches(sql).Select(m => m.Groups[1].Value).FirstOrDefault(tables.Contains);

            // A beginning ends with its table; what is appended to it begins with WHERE, and has to name the tenant.
            var isBeginning = touched is not null && sql.EndsWith("FROM " + touched, StringComparison.Ordinal);
            touched ??= sql.StartsWith("WHERE ", StringComparison.Ordinal) ? "what it is appended to" : null;
            if (touched is not null && !isBeginning && !NamesTenant(sql, file.Text))
            {
                var line = file.Text.AsSpan(0, literal.Index).Count('\n') + 1;
                yield return $"{file.Path}:{line} touches {touched} and names no tenant: add tenant_id = $1.";
            }
        }
    }

    /// <summary>Whether a file begins transactions of a tenant by itself.</summary>
    public static bool NamesTenantToTheDatabase(SourceFile file) => file.Text.Contains("'app.tenant_id'", StringComparison.Ordinal);

    /// <summary>The tables of the migrations that have a tenant.</summary>
    public static HashSet<string> TablesOf(IEnumerable<SourceFile> migrations) => migrations
        .SelectMany(file => Table().Matches(file.Text))
        .Where(table => table.Groups[2].Value.Contains("tenant_id", StringComparison.Ordinal))
        .Select(table => table.Groups[1].Value)
        .ToHashSet(StringComparer.Ordinal);

    /// <summary>Whether a statement names the tenant, itself or by a constant of its file that stands in it.</summary>
    private static bool NamesTenant(string sql, string text) => sql.Contains("tenant_id", StringComparison.Ordinal)
        || Hole().Matches(sql).Any(hole => Constant(hole.Groups[1].Value).IsMatch(text));

    private static Regex Constant(string name) => new($"\\b{name} =\\s*\\$?\"+[^\"]*tenant_id", RegexOptions.CultureInvariant);

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Hole();

    [GeneratedRegex("\"\"\".*?\"\"\"|\"(?:[^\"\\\\\n]|\\\\.)*\"", RegexOptions.Singleline)]
    private static partial Regex Literal();

    [GeneratedRegex(@"\b(?:FROM|JOIN|UPDATE|INTO)\s+([a-z_]+)\b")]
    private static partial Regex Touches();

    [GeneratedRegex(@"CREATE TABLE (?:IF NOT EXISTS )?([a-z_]+) \((.*?)\n\)", RegexOptions.Singleline)]
    private static partial Regex Table();
}
