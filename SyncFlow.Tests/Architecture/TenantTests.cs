using Shouldly;
using Xunit;

namespace SyncFlow.Tests.Architecture;

public sealed class TenantTests
{
    private static readonly HashSet<string> Tables = TenantRules.TablesOf(Sources.With(".sql"));

    [Fact]
    public void Every_statement_names_the_tenant()
    {
        Tables.ShouldContain("ledger_entries");
        Tables.Count.ShouldBeGreaterThan(40);
        Sources.With(".cs").Where(file => file.Project == "SyncFlow.Storage").SelectMany(file => TenantRules.InSource(file, Tables)).ShouldBeEmpty();
    }

    /// <summary>Who names the tenant by himself forgets who acts, and the audit log says nothing, or "system".</summary>
    [Fact]
    public void A_transaction_of_a_tenant_says_who_acts()
    {
        Sources.With(".cs").Where(file => file.Project is "SyncFlow.Storage" or "SyncFlow.Api" or "SyncFlow.Worker")
            .Where(TenantRules.NamesTenantToTheDatabase).Select(file => file.Path)
            .ShouldBe(["SyncFlow.Storage/Front/InstallDesk.cs", "SyncFlow.Storage/Sessions/TenantSetting.cs"], ignoreOrder: true,
                "Use StorageSession or TenantSql. An install is of nobody that is known yet: it says who acts by itself.");
        TenantRules.NamesTenantToTheDatabase(new SourceFile("SyncFlow.Storage/Planted.cs", "\"SELECT set_config('app.tenant_id', $1, true)\"")).ShouldBeTrue();
    }

    [Theory]
    [InlineData("\"SELECT code FROM skus WHERE sku_id = $1\"", 1)]
    [InlineData("\"UPDATE connections SET status = 1\"", 1)]
    [InlineData("\"\"\"\n  DELETE FROM listings\n  WHERE listing_id = $2\n  \"\"\"", 1)]
    [InlineData("\"SELECT code FROM skus WHERE tenant_id = $1 AND sku_id = $2\"", 0)]
    [InlineData("Beginning + \" WHERE sku_id = $2\"", 1)]
    [InlineData("\"SELECT code FROM skus\" + \" WHERE tenant_id = $1\"", 0)]
    [InlineData("$\"SELECT code FROM skus WHERE {About}\"; const string About = \"tenant_id = $1\"", 0)]
    [InlineData("$\"SELECT code FROM skus WHERE {About}\"; const string About = \"sku_id = $1\"", 1)]
    [InlineData("\"SELECT n FROM generate_series(1, 3) AS n\"", 0)]
    public void A_planted_statement_without_a_tenant_is_found(string code, int found)
    {
        TenantRules.InSource(new SourceFile("SyncFlow.Storage/Planted.cs", $"var sql = {code};"), Tables).Count().ShouldBe(found);
    }
}
