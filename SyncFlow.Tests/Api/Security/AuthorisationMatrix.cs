using System.Net;
using Shouldly;
using SyncFlow.Api.Security;
using SyncFlow.Tests.Architecture;
using SyncFlow.Tests.Support;
using Xunit;

namespace SyncFlow.Tests.Api.Security;

/// <summary>Every operation of the API's own description, for every role, on one's own and on another's things.</summary>
public sealed class AuthorisationMatrix(PostgresFixture postgres, RedisFixture redis)
{
    private static readonly Dictionary<string, PermissionSet> Holders = new()
    {
        ["merchant admin"] = Roles.Of(Role.MerchantAdmin),
        ["operations manager"] = Roles.Of(Role.OperationsManager),
        ["warehouse manager"] = Roles.Of(Role.WarehouseManager),
        ["support analyst"] = Roles.Of(Role.SupportAnalyst),
        ["partner"] = Roles.PartnerKeys,
        ["nobody"] = PermissionSet.None,
    };

    [Fact]
    public async Task Every_operation_says_who_may_call_it()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var operations = await ApiOperation.AllAsync(app);
        operations.Count.ShouldBeGreaterThan(90);
        operations.Where(o => o.Rule is not ("anyone" or "callers") && !Permissions.TryParse(o.Rule ?? "", out _))
            .Select(o => $"{o} has no rule: add .Needs(Permission.…) where its route is mapped").ShouldBeEmpty();
    }

    [Fact]
    public async Task Each_role_may_call_what_its_permissions_say_and_is_refused_the_rest()
    {
        await using var merchant = await MatrixMerchant.CreateAsync(await ApiApp.StartAsync(postgres, redis));
        var operations = await ApiOperation.AllAsync(merchant.App);
        var wrong = new List<string>();
        foreach (var (role, permissions) in Holders)
        {
            using var client = await merchant.HolderAsync(permissions, role);
            var before = await TenantPrint.TakeAsync(merchant.App, MatrixMerchant.Tenant);
            foreach (var operation in operations.Where(o => !May(o, permissions)))
            {
                // With ids that exist and a body that would pass: only the missing permission stands in the way.
                var status = await SendAsync(
                    client, operation.Request((name, format) => merchant.IdFor(operation, name, format), merchant.QueryFor(operation), merchant.BodyFor(operation)));
                Expect(status is HttpStatusCode.Forbidden, $"{operation} as {role}: {status}, not 403", wrong);
            }

            (await TenantPrint.TakeAsync(merchant.App, MatrixMerchant.Tenant)).ShouldBe(before, $"what is refused to {role} does nothing");
            foreach (var operation in operations.Where(o => May(o, permissions)))
            {
                var status = await SendAsync(client, operation.Request(ApiOperation.NobodysId));
                Expect(
                    status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) && (int)status < 500,
                    $"{operation} as {role}: {status}, though it may", wrong);
            }
        }

        wrong.ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_a_key_only_what_is_open_to_anyone_answers()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        using var client = app.NewClient(null);
        var wrong = new List<string>();
        foreach (var operation in await ApiOperation.AllAsync(app))
        {
            var status = await SendAsync(client, operation.Request(ApiOperation.NobodysId));
            Expect((status is HttpStatusCode.Unauthorized) == (operation.Rule != "anyone"), $"{operation} without a key: {status}", wrong);
        }

        wrong.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_id_of_another_tenant_is_not_found_whatever_is_asked_of_it_and_nothing_changes()
    {
        await using var merchant = await MatrixMerchant.CreateAsync(await ApiApp.StartAsync(postgres, redis));
        var before = await TenantPrint.TakeAsync(merchant.App, MatrixMerchant.Tenant);
        var wrong = new List<string>();
        foreach (var operation in (await ApiOperation.AllAsync(merchant.App)).Where(o => o.PathTypes.Count > 0 && o.Rule is not ("anyone" or "callers")))
        {
            var body = merchant.BodyFor(operation);
            var theirs = await SendAsync(merchant.Other, operation.Request((name, format) => merchant.IdFor(operation, name, format), body: body));
            var nobodys = await SendAsync(merchant.Other, operation.Request(ApiOperation.NobodysId, body: body));
            Expect(theirs == nobodys, $"{operation}: {theirs} tells that the id exists; one that does not gets {nobodys}", wrong);
            Expect(
                theirs is HttpStatusCode.NotFound || (theirs is HttpStatusCode.BadRequest && !operation.IsRead) || operation.Rule!.StartsWith("platform", StringComparison.Ordinal)
                || operation.Name == "GetCsvTemplate",
                $"{operation} with another tenant's id: {theirs}, not 404", wrong);
        }

        wrong.ShouldBeEmpty();
        (await TenantPrint.TakeAsync(merchant.App, MatrixMerchant.Tenant)).ShouldBe(before);
    }

    [Fact]
    public async Task Lists_and_bodies_with_ids_of_another_tenant_show_and_change_nothing_of_it()
    {
        await using var merchant = await MatrixMerchant.CreateAsync(await ApiApp.StartAsync(postgres, redis));
        var before = await TenantPrint.TakeAsync(merchant.App, MatrixMerchant.Tenant);
        var wrong = new List<string>();
        foreach (var operation in (await ApiOperation.AllAsync(merchant.App)).Where(o => o.PathTypes.Count == 0))
        {
            foreach (var query in new[] { "", merchant.QueryFor(operation) }.Distinct())
            {
                using var request = operation.Request(ApiOperation.NobodysId, query, merchant.BodyFor(operation));
                using var answer = await merchant.Other.SendAsync(request);
                var text = await answer.Content.ReadAsStringAsync();
                var shown = answer.IsSuccessStatusCode && text.Contains(MatrixMerchant.Mark, StringComparison.Ordinal);
                Expect(!shown, $"{operation}{query} shows another tenant's: {text}", wrong);
                Expect((int)answer.StatusCode < 500, $"{operation}{query}: {answer.StatusCode}", wrong);
            }
        }

        wrong.ShouldBeEmpty();
        (await TenantPrint.TakeAsync(merchant.App, MatrixMerchant.Tenant)).ShouldBe(before);
    }

    [Fact]
    public async Task The_matrix_in_the_documentation_is_up_to_date()
    {
        await using var app = await ApiApp.StartAsync(postgres, redis);
        var file = Path.Combine(Sources.Root, RightsTable.Page);
        var page = await File.ReadAllTextAsync(file);
        var wanted = RightsTable.Update(page, await ApiOperation.AllAsync(app));
        if (Environment.GetEnvironmentVariable("SYNCFLOW_WRITE_DOCS") is "1" && page != wanted)
        {
            await File.WriteAllTextAsync(file, wanted);
            return;
        }

        page.ShouldBe(wanted, "run this test with SYNCFLOW_WRITE_DOCS=1 and commit the page");
    }

    private static bool May(ApiOperation operation, PermissionSet permissions) =>
        operation.Rule is "anyone" or "callers" || (Permissions.TryParse(operation.Rule ?? "", out var needed) && permissions.Has(needed));

    private static async Task<HttpStatusCode> SendAsync(HttpClient client, HttpRequestMessage request)
    {
        using (request)
        {
            using var answer = await client.SendAsync(request);
            return answer.StatusCode;
        }
    }

    private static void Expect(bool holds, string otherwise, List<string> wrong)
    {
        if (!holds)
        {
            wrong.Add(otherwise);
        }
    }
}
