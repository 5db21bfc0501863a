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

    /// <summary>People with a session, by role: the tenant's own, one held to a place, and super admins inside and outside.</summary>
    private static readonly (string Name, PermissionSet Permissions, Func<MatrixMerchant, Task<HttpClient>> Open)[] People =
    [
        .. new[] { Role.MerchantAdmin, Role.OperationsManager, Role.WarehouseManager, Role.SupportAnalyst }.Select(role =>
            ($"{role} by session", Roles.Of(role), (Func<MatrixMerchant, Task<HttpClient>>)(merchant => merchant.MemberAsync(role)))),
        ("warehouse manager of one place", Roles.Of(Role.WarehouseManager), merchant => merchant.MemberAsync(Role.WarehouseManager, atOnePlace: true)),
        ("partner key that asks for everything", Roles.PartnerKeys, merchant => merchant.PartnerAsync()),
        ("super admin who has entered", Roles.Entered, merchant => merchant.SuperAdminAsync(entered: true)),
        ("super admin outside", Roles.Of(Role.PlatformSuperAdmin), merchant => merchant.SuperAdminAsync(entered: false)),
    ];

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
            await CheckAsync(merchant, operations, role, permissions, client, wrong);
        }

        wrong.ShouldBeEmpty();
    }

    [Fact]
    public async Task Each_person_with_a_session_may_call_what_the_role_says_and_is_refused_the_rest()
    {
        await using var merchant = await MatrixMerchant.CreateAsync(await ApiApp.StartAsync(postgres, redis));
        var operations = await ApiOperation.AllAsync(merchant.App);
        operations = [.. operations.OrderBy(o => o.Name == "CloseSession")]; // It ends what the others need.
        var wrong = new List<string>();
        foreach (var (name, permissions, open) in People)
        {
            using var client = await open(merchant);
            await CheckAsync(merchant, operations, name, permissions, client, wrong);
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
            string Swapped(string name, string format) => merchant.IdFor(operation, name, format);
            foreach (var body in new[] { merchant.BodyFor(operation), "{}", "{\"" }.Distinct())
            {
                // The whole answer is the same but for the ids that were asked for: nothing tells that one of them exists.
                var theirs = await TellAsync(merchant.Other, operation, Swapped, body);
                var nobodys = await TellAsync(merchant.Other, operation, ApiOperation.NobodysId, body);
                string Without(string text) => operation.PathTypes.Aggregate(text, (left, part) => left
                    .Replace(ApiOperation.NobodysId(part.Key, part.Value), "?", StringComparison.Ordinal).Replace(Swapped(part.Key, part.Value), "?", StringComparison.Ordinal));
                Expect(Without(theirs.Text) == Without(nobodys.Text), $"{operation} {body}: {theirs.Text} tells that the id exists; one that does not gets {nobodys.Text}", wrong);
                Expect(
                    theirs.Status is HttpStatusCode.NotFound || (theirs.Status is HttpStatusCode.BadRequest && !operation.IsRead)
                    || operation.Rule!.StartsWith("platform", StringComparison.Ordinal) || operation.Name == "GetCsvTemplate",
                    $"{operation} with another tenant's id: {theirs.Status}, not 404", wrong);
            }
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

    /// <summary>Sends every operation: the forbidden ones with what would succeed, the others with what does not exist.</summary>
    private static async Task CheckAsync(
        MatrixMerchant merchant, List<ApiOperation> operations, string role, PermissionSet permissions, HttpClient client, List<string> wrong)
    {
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

    /// <summary>An answer as text, without the id of its trace.</summary>
    private static async Task<(HttpStatusCode Status, string Text)> TellAsync(
        HttpClient client, ApiOperation operation, Func<string, string, string> value, string body)
    {
        using var request = operation.Request(value, body: body);
        using var answer = await client.SendAsync(request);
        var text = System.Text.RegularExpressions.Regex.Replace(await answer.Content.ReadAsStringAsync(), "\"traceId\":\"[^\"]*\"", "");
        return (answer.StatusCode, $"{(int)answer.StatusCode} {answer.Content.Headers.ContentType} {text}");
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
